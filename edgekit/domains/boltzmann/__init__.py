"""Restricted Boltzmann machines: the layer, its training, and how likely pictures are to it."""
