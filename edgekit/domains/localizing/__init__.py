"""What it takes to say what the one thing in a picture is, and where."""
