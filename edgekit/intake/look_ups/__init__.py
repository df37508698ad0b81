"""Text and look-up layers at the inputs of a model, which a `.tflite` cannot hold."""
