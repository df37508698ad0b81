"""What the recipes of one field share in training: one folder per field."""
