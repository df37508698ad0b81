"""Sentences as trees: the treebank, networks that go up a tree, and how they are trained."""
