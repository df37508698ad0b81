"""Sentences as binary trees: read from brackets, answered phrase by phrase, drawn."""
