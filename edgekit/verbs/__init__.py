"""The verbs of the command line and the Python API, one file each."""
