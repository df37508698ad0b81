"""What runs beside a model on a device: standard library and NumPy only, from Python 3.8 on.

Recipes score with this code, and a bundle holds a copy of the modules that its program needs, as a
package of the same name. So it imports nothing of edgekit but its own neighbours.
"""
