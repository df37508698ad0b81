"""What a bundle for a board brings besides its program: a runner, a camera, a self-test."""
