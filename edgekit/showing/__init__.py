"""What people look at: which class is taken for which, and examples, those that differ first."""
