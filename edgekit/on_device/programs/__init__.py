"""The programs that a bundle may bring, one a file: `python3 NAME.py --help` in the bundle."""
