"""What is put right in a file that TensorFlow wrote: what is wrong, and what wastes space."""
