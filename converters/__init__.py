"""Converters of edgekit, one file each; installed as `edgekit.converters`."""

# One folder, two names: loading it under both would create every object twice.
if __name__ != "edgekit.converters":
    raise ImportError(
        "converters/ is installed as edgekit.converters: `import edgekit.converters`."
    )
