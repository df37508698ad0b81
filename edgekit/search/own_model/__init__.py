"""The optimizer on a user's own model, which no recipe trains."""
