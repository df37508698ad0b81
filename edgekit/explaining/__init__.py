"""Say which layers make a quantized file wrong, and try what could be done about it."""
