"""A build's report: stored form, wording, plots, and the README's tables."""
