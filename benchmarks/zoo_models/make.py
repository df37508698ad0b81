"""Make one model of the zoo, in a process of its own.

Writes `model.keras` or `saved_model`, `calibration.npz` (for edgekit), `fresh.npz` (inputs that
edgekit never sees, as `input:NAME`, and Keras' answers, as `output:NAME`) and `about.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from zoo_models import applications, hub, trained_pictures, trained_sequences
from zoo_models.made import CALIBRATION, Made

from edgekit.core.types import Array
from edgekit.source_model.golden_vectors import write_arrays

MAKERS = {
    **applications.MAKERS,
    **hub.MAKERS,
    **trained_pictures.MAKERS,
    **trained_sequences.MAKERS,
}


def make(name: str, folder: Path) -> None:
    """Make a model and write it with its data."""
    import keras

    keras.utils.set_random_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    _write(MAKERS[name](), folder)


def _write(made: Made, folder: Path) -> None:
    if made.saved_model:
        made.model.export(str(folder / "saved_model"), format="tf_saved_model", verbose=False)
    else:
        made.model.save(folder / "model.keras")
    calibration = {name: array[:CALIBRATION] for name, array in made.inputs.items()}
    write_arrays(folder / "calibration.npz", calibration)
    fresh = {name: array[CALIBRATION:] for name, array in made.inputs.items()}
    answers = _named(made, made.model.predict(_as_taken(fresh), verbose=0))
    write_arrays(folder / "fresh.npz", fresh, answers)
    about = {"kinds": dict(made.kinds), "shapes": {k: list(s) for k, s in made.shapes.items()}}
    (folder / "about.json").write_text(json.dumps(about))


def _as_taken(batch: dict[str, Array]) -> dict[str, Array] | Array:
    return batch if len(batch) > 1 else next(iter(batch.values()))


def _named(made: Made, answers: object) -> dict[str, Array]:
    if isinstance(answers, dict):
        return {name: np.asarray(array) for name, array in answers.items()}
    (name,) = made.kinds
    return {name: np.asarray(answers)}
