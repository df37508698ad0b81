"""People's key points: in a film and in motion captures, and how well they are found."""
