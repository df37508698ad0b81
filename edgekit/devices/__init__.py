"""Devices of edgekit, one file each; looked up by file name (see `edgekit.core.registry`)."""
