"""Recipes of edgekit, one file each; installed as `edgekit.recipes`."""

# One folder, two names: loading it under both would create every object twice.
if __name__ != "edgekit.recipes":
    raise ImportError("recipes/ is installed as edgekit.recipes: `import edgekit.recipes`.")
