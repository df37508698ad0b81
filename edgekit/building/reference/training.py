"""The steps of a build that train: the reference model, and a baseline that has to be measured.

Both run in a child process, so that TensorFlow is loaded nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.building.measuring.intervals import right_answers
from edgekit.building.parts import (
    MODEL,
    RecipeChoice,
    details_of,
    examples,
    parts_of,
    record,
    remembering,
)
from edgekit.building.reference.agreeing import refuse_other_model
from edgekit.building.reference.origins import opened_files, origins_of
from edgekit.building.run_folder import (
    calibration_path,
    save_model,
    source_path,
    vectors_path,
)
from edgekit.core.child_process import report_progress
from edgekit.core.recipe import Origin, Recipe
from edgekit.core.report import Tally
from edgekit.core.types import Run, Size
from edgekit.showing.tally import recalls, tally_of
from edgekit.source_model.golden_vectors import write_arrays
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import keras

NUM_VECTORS = 256
"""Test examples whose reference outputs are kept as golden vectors."""

NUM_DRIVEN_VECTORS = 100
"""The same for a recipe of several parts, each of which runs many times an example."""

NUM_CALIBRATION = 500
"""Examples of each part that quantization ranges are taken from."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What is known of a trained reference.

    Attributes:
        value: The recipe's metric on all test examples.
        value_emulated: The same on those that emulated devices are scored on.
        seconds: Of training.
        parameters: Weights of the model.
        details: The recipe's further figures on all test examples.
        tally: How it answers them; None if that cannot be counted.
        right: Which of them it answers right; see `edgekit.building.measuring.intervals`.
        origins: The public data that were read.
    """

    value: float
    value_emulated: float
    seconds: float
    parameters: int
    details: Mapping[str, float]
    tally: Tally | None
    right: str
    origins: tuple[Origin, ...] = ()


def train_reference(choice: RecipeChoice, size: Size, seed: int, folder: Path) -> Trained:
    """Train a recipe's float reference; write its model and that of each part into a run folder.

    Beside them go golden vectors of test examples, and calibration data: what each part is given
    while the whole runs on them.
    """
    with opened_files() as paths:
        trained = _trained(choice, size, seed, folder)
    return replace(trained, origins=origins_of(paths))


def _trained(choice: RecipeChoice, size: Size, seed: int, folder: Path) -> Trained:
    import keras

    recipe = choice.load()
    refuse_other_model(recipe, recipe.build(size))
    keras.backend.clear_session()  # or names and random numbers would go on from that model's
    keras.utils.set_random_seed(seed)
    start = time.monotonic()
    model = recipe.train(recipe.build(size), size, report_progress)
    seconds = time.monotonic() - start
    report_progress(1.0, "taking golden vectors and the reference's score")
    runs = _save(recipe, model, folder)
    _write_vectors(recipe, runs, size, folder)
    run = remembering(parts_of(recipe).drive(runs))
    test, fewer = (examples(recipe, size, emulated=emulated) for emulated in (False, True))
    tally = tally_of(recipe, run, test)
    return Trained(
        value=float(recipe.score(run, test)),
        value_emulated=float(recipe.score(run, fewer)),
        seconds=seconds,
        parameters=int(model.count_params()),
        details=details_of(recipe, run, test) or recalls(tally),
        tally=tally,
        right=right_answers(recipe, run, test),
    )


def measure_baseline(choice: RecipeChoice, size: Size, seed: int) -> float:
    """Measure what a recipe's simpler method scores."""
    import keras

    keras.utils.set_random_seed(seed)
    baseline = choice.load().baseline[1]
    return float(baseline(size, report_progress) if callable(baseline) else baseline)


def _save(recipe: Recipe, model: keras.Model, folder: Path) -> dict[str, Run]:
    """Save the trained model and each of its parts; return the parts as functions."""
    parts = dict(parts_of(recipe).split(model))
    for part, each in {MODEL: model, **parts}.items():
        save_model(each, source_path(folder, part))
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
