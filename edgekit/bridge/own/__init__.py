"""Layer classes of the user's own, which the bridge and tfmot are told of."""
