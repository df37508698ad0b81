"""Outputs that end in a Concatenate: what they join, and models without it."""
