"""TensorFlow Lite Micro on this machine: its interpreter as a worker's backend."""
