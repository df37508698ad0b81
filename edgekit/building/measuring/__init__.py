"""What a measurement is held against, how sure it is, and how long it takes."""
