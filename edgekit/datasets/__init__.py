"""Small samples of real data that ship with edgekit; README.md names their origin and licence."""
