"""Graphs of papers that cite one another: data, what neighbours tell each other, training."""
