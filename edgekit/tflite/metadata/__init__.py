"""Metadata inside a `.tflite`: what it is, what it takes, and the labels packed behind it."""
