"""Files of one operator each, drawn at random, with the true answer computed in NumPy."""
