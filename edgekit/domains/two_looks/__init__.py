"""Detectors that look twice: their networks, and their recipes on a user's own pictures."""
