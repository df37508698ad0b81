"""Which layers quantization-aware training takes, told before it begins."""
