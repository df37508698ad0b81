"""What the Edge TPU compiler maps: rules, limits, partition, and its log."""
