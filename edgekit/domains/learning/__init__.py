"""What recipes of every field share: data files, training, learning rates, rounding, scores."""
