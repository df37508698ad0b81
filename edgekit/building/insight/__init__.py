"""The steps of a build that look closer: where precision is lost, what examples look like."""
