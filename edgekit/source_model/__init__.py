"""The user's Keras model: loading, export, calibration data, reference answers."""
