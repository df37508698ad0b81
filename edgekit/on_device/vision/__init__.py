"""What programs for pictures share on a device: boxes, fitting, drawing. NumPy, from Python 3.8."""
