"""A narrower network like a trained one, and how it learns from it."""
