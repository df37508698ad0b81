"""Keras 3 models to tf_keras and back, for tensorflow-model-optimization, which knows no other."""
