"""Python environments that `edgekit setup` makes, each of packages that are pinned by checksum."""
