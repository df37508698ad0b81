"""The step of a build that changes a trained model: pruning, clustering, training with rounding.

It runs in a child process, so that tfmot's changes to its process end with it.
"""

from __future__ import annotations

from pathlib import Path

from edgekit.building.parts import RecipeChoice
from edgekit.core import registry
from edgekit.core.child_process import report_progress
from edgekit.core.paths import atomic
from edgekit.core.types import Size
from edgekit.core.variant import Variant


def optimize(
    choice: RecipeChoice, variant: Variant, model: Path, size: Size, seed: int, out: Path
) -> str:
    """Apply a variant's optimization to a trained model and write the result as folder `out`.

    It is one; a plan refuses variants of several.

    Returns:
        The name within `out` that a converter reads, `model.keras` or `saved_model`.
    """
    import keras

    from edgekit.source_model.export import export

    keras.utils.set_random_seed(seed)
    recipe = choice.load()
    trained = keras.saving.load_model(model, compile=False, safe_mode=True)
    (name,) = variant.optimizations
    optimization = registry.get("optimizations", name)
    options = {**optimization.options, **variant.options_of(name)}
    changed = optimization.apply(trained, recipe, size, seed, report_progress, **options)
    with atomic(out) as folder:
        folder.mkdir()
        if isinstance(changed, keras.Model):
            changed.save(folder / "model.keras")
            return "model.keras"
        export(changed, folder / "saved_model", recipe.signature)
        return "saved_model"
