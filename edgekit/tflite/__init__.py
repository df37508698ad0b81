"""The `.tflite` file format: reading, bounds, checks, and the sidecar beside a file."""
