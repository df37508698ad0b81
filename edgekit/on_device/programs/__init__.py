"""Programs that a bundle brings, one a file: `python3 NAME.py --help`."""
