"""What every bundle holds: models, golden vectors, signature, checksums."""
