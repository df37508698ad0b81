"""Quantization-aware training with tfmot: which layers it takes, and what is added to it."""
