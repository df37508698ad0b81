"""Playing cards of which some are known by box and group, and others by rank alone."""
