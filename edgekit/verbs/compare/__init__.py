"""Two `.tflite` files side by side: what they hold, answer and take."""
