"""What recipes of one field share on the training side, one folder a field."""
