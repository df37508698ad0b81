"""Layers of Keras 3 that tf_keras lacks, written for it."""
