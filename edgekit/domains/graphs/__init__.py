"""Graphs whose nodes hold words: data, graph convolution and attention, training."""
