"""Spoken digits: recordings, features and training."""
