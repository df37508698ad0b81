"""Segmentation: pictures with masks, of electron micrographs or of a user's."""
