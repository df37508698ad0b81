"""The two steps of a build that train: the reference model, and its optimized variants.

Both run in a child process (`edgekit.child.call`), the only place where TensorFlow is loaded, so
that tfmot's changes to its process end with it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import registry
from edgekit.child import report_progress
from edgekit.measuring import examples
from edgekit.paths import atomic
from edgekit.reference import run_model
from edgekit.types import Batch, Recipe, Size

NUM_VECTORS = 256
"""Test examples whose reference outputs are kept as golden vectors."""


def train_reference(recipe: str, size: Size, seed: int, out: str) -> dict[str, Any]:
    """Train a recipe's float reference and write `model.keras` and `vectors.npz` into `out`.

    Returns:
        `value` of the recipe's metric on all test examples, `value_emulated` on those that emulated
        devices are scored on, `seconds` of training, `parameters`.
    """
    import keras

    keras.utils.set_random_seed(seed)
    found: Recipe = registry.get("recipes", recipe)
    start = time.monotonic()
    model = found.train(found.build(size), size, report_progress)
    seconds = time.monotonic() - start
    few = found.data("test", size).head(NUM_VECTORS).inputs
    folder = Path(out)
    with atomic(folder / "model.keras") as path:
        model.save(path)
    _write_vectors(folder / "vectors.npz", few, run_model(model, few))

    def value(emulated: bool) -> float:
        test = examples(found, size, emulated=emulated)
        return found.score(lambda batch: run_model(model, batch), test)

    return {
        "value": value(emulated=False),
        "value_emulated": value(emulated=True),
        "seconds": seconds,
        "parameters": int(model.count_params()),
    }


def optimize(
    recipe: str, optimization: str, model: str, size: Size, seed: int, out: str
) -> dict[str, Any]:
    """Apply an optimization to a trained model and write the result as folder `out`.

    Returns:
        `source`: the name within `out` that a converter reads, `model.keras` or `saved_model`.
    """
    import keras

    from edgekit.saved_model import export

    keras.utils.set_random_seed(seed)
    found: Recipe = registry.get("recipes", recipe)
    trained = keras.saving.load_model(model, safe_mode=True)
    apply = registry.get("optimizations", optimization).apply
    changed = apply(trained, found, size, seed, report_progress)
    with atomic(Path(out)) as folder:
        folder.mkdir()
        if isinstance(changed, keras.Model):
            changed.save(folder / "model.keras")
            return {"source": "model.keras"}
        export(changed, folder / "saved_model", found.signature)
        return {"source": "saved_model"}


def _write_vectors(path: Path, inputs: Batch, outputs: Batch) -> None:
    named = {f"input:{name}": array for name, array in inputs.items()}
    named |= {f"output:{name}": array for name, array in outputs.items()}
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **named)  # type: ignore[arg-type]
