"""What a user hands over for a conversion, brought into the form that the rest of edgekit takes."""
