"""What is here and what is missing: on this machine, and on a board."""
