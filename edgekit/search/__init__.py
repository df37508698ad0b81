"""The optimizer: which way to make a file is worth having, found by trying and measuring."""
