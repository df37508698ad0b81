"""SavedModel to a `.tflite` that is right: TensorFlow's converter, corrections, diagnosis."""
