"""Pictures with boxes that a user brings to a detector: read, split, told about."""
