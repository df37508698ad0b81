"""The ranges that quantized activations get: measured on examples, no wider than is of use."""
