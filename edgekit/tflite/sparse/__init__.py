"""Tensors of which only the values that are not zero are stored: read, and written."""
