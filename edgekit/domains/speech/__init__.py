"""Spoken words: recordings, features and training."""
