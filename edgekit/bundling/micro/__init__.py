"""What a bundle for microcontrollers holds: C arrays, and an example for TensorFlow Lite Micro."""
