"""Fashion-MNIST's pictures of clothes, and what networks make of pictures."""
