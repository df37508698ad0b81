"""Which recipes changed since continuous integration last passed: `tests/recipes/built.json`.

A build of every recipe takes longer than continuous integration may. A few try what recipes share,
each in its way, and are built always; of the others, those are built whose own code changed. After
a run that passed, `python -m tests.support.built` takes down what it passed with.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from edgekit.building.fingerprints import imported
from edgekit.building.programs import source_of
from edgekit.core import registry
from edgekit.core.paths import packaged, sha256, write_json
from edgekit.core.recipe import Recipe

RECORD = Path(__file__).parents[1] / "recipes" / "built.json"

ALWAYS = (
    "detect_yolov3",  # a loop in NumPy around one file, boxes, retraining by a loss of its own
    "forecast_lstm",  # a recurrent layer
    "image_cnn",  # built by the demo
    "keywords_cnn",  # sound
    "keywords_lstm",  # two files, one with its state outside
    "pose_posenet",  # key points
    "segment_unet",  # areas
    "text_bert",  # text
    "translate_seq2seq",  # an encoder, and a decoder that is called at every step
)
"""Built whatever changed."""


@cache
def code(name: str) -> frozenset[Path]:
    """Return a recipe's file, its program, and what they import of `domains/` and `on_device/`."""
    recipe: Recipe = registry.get("recipes", name)
    entries = {packaged("recipes") / f"{name}.py", source_of(recipe.program)}
    folders = [packaged(folder) for folder in ("domains", "on_device")]
    shared = {path for path in imported(entries) if any(map(path.is_relative_to, folders))}
    return frozenset(entries | shared)


def own_code(name: str) -> list[Path]:
    """Return the code of a recipe that no recipe shares which is built always."""
    return sorted(code(name).difference(*map(code, ALWAYS)))


def sum_of(paths: list[Path]) -> str:
    """Return one SHA-256 of files."""
    return hashlib.sha256("".join(map(sha256, paths)).encode()).hexdigest()


def is_unchanged(name: str, record: Path = RECORD) -> bool:
    """Tell whether a recipe's own code is as it was when continuous integration passed."""
    return name not in ALWAYS and _read(record).get(name) == sum_of(own_code(name))


def take_down(record: Path = RECORD) -> None:
    """Write what each recipe's own code is now."""
    names = [name for name in registry.names("recipes") if name not in ALWAYS]
    write_json(record, {name: sum_of(own_code(name)) for name in names})


def _read(record: Path) -> dict[str, str]:
    return dict(json.loads(record.read_text(encoding="utf-8"))) if record.is_file() else {}


if __name__ == "__main__":
    take_down()
