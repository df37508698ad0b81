"""The two steps of a build that train: the reference model, and its optimized variants.

Both run in a child process (`edgekit.child.call`), the only place where TensorFlow is loaded, so
that tfmot's changes to its process end with it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit import registry
from edgekit.child import report_progress
from edgekit.measuring import examples
from edgekit.parts import (
    MODEL,
    calibration_path,
    parts_of,
    record,
    source_path,
    vectors_path,
    write_arrays,
)
from edgekit.paths import atomic
from edgekit.reference import runner
from edgekit.types import Recipe, Run, Size

NUM_VECTORS = 256
"""Test examples whose reference outputs are kept as golden vectors."""

NUM_DRIVEN_VECTORS = 100
"""The same for a recipe of several parts, each of which runs many times an example."""

NUM_CALIBRATION = 500
"""Examples of each part that quantization ranges are taken from."""


def train_reference(recipe: str, size: Size, seed: int, out: str) -> dict[str, Any]:
    """Train a recipe's float reference and write its model and that of each part into `out`.

    Beside them go golden vectors of test examples, and calibration data: what each part is given
    while the whole runs on them.

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
    report_progress(1.0, "taking golden vectors and the reference's score")
    folder = Path(out)
    runs = _save(found, model, folder)
    _write_vectors(found, runs, size, folder)
    run = parts_of(found).drive(runs)

    def value(emulated: bool) -> float:
        return found.score(run, examples(found, size, emulated=emulated))

    return {
        "value": value(emulated=False),
        "value_emulated": value(emulated=True),
        "seconds": seconds,
        "parameters": int(model.count_params()),
    }


def measure_baseline(recipe: str, size: Size, seed: int) -> float:
    """Measure what a recipe's simpler method scores."""
    import keras

    keras.utils.set_random_seed(seed)
    found: Recipe = registry.get("recipes", recipe)
    baseline = found.baseline[1]
    return float(baseline(size, report_progress) if callable(baseline) else baseline)


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


def _save(recipe: Recipe, model: Any, folder: Path) -> dict[str, Run]:
    """Save the trained model and each of its parts; return the parts as functions."""
    parts = dict(parts_of(recipe).split(model))
    for part, each in {MODEL: model, **parts}.items():
        with atomic(source_path(folder, part)) as temporary:
            each.save(temporary)
    return {part: runner(each) for part, each in parts.items()}


def _write_vectors(recipe: Recipe, runs: Mapping[str, Run], size: Size, folder: Path) -> None:
    few = NUM_DRIVEN_VECTORS if recipe.parts else NUM_VECTORS
    inputs = recipe.data("test", size).head(few).inputs
    outputs, golden = record(recipe, runs, inputs, count=NUM_VECTORS)
    write_arrays(vectors_path(folder, MODEL), inputs, outputs)
    calibration = recipe.data("calibration", size).inputs
    _, seen = record(recipe, runs, calibration, count=NUM_CALIBRATION)
    for part in runs:
        if part != MODEL:
            write_arrays(vectors_path(folder, part), *golden[part])
        write_arrays(calibration_path(folder, part), seen[part][0])
