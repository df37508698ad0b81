"""`edgekit bundle`: pack what a build verified, for one kind of device or program."""
