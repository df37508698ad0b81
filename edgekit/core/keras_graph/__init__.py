"""What a Keras model's graph tells, of either Keras, without importing one."""
