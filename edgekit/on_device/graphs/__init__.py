"""Graphs on a device: a node and its neighbours as the arrays that a model takes."""
