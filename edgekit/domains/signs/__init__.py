"""Photos of hands that sign digits, and clips in which they sign numbers."""
