"""What full builds measured, in the README."""
