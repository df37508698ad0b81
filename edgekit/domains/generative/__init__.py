"""Networks that make pictures of noise: how they are trained, and how far what they make is off."""
