"""What Arm's compiler Vela says of a file for an Ethos-U; nothing is run there."""
