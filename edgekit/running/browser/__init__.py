"""LiteRT.js in a browser without a window, driven as one more worker process."""
