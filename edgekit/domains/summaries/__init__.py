"""Summaries: abstracts of papers, how well a sentence sums one up, and ways without a network."""
