"""What recipes of every field share: data files, learning-rate schedules, rounding."""
