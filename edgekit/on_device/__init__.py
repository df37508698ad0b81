"""Programs that run beside a model on the device: standard library and NumPy only, Python 3.8 on.

Recipes score with them, and a bundle holds copies of those its recipe names. Each file imports no
more than its neighbours in the folder, so that it works as a package here and as loose files there.
"""
