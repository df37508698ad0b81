"""Which recipes were built in `tiny` since their own code changed: `tests/recipes/built.json`.

A build of every recipe takes longer than continuous integration may. Its own code is the recipe's
file and what that imports of `domains/` and `on_device/`, the device's program among it. The rest
of edgekit is the same for all recipes; those in `ALWAYS` try it, each in its way.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
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
    "keywords_lstm",  # two files, one with its state outside
    "text_bert",  # text
    "translate_seq2seq",  # an encoder, and a decoder that is called at every step
)
"""Built whatever changed; `image_cnn` is, too, by the demo."""


def own_code(name: str) -> list[Path]:
    """Return the files that are a recipe's own."""
    recipe: Recipe = registry.get("recipes", name)
    entries = [packaged("recipes") / f"{name}.py", source_of(recipe.program)]
    own = [packaged(folder) for folder in ("domains", "on_device")]
    shared = (path for path in imported(entries) if any(map(path.is_relative_to, own)))
    return sorted({*entries, *shared})


def sum_of(paths: list[Path]) -> str:
    """Return one SHA-256 of files."""
    return hashlib.sha256("".join(map(sha256, paths)).encode()).hexdigest()


def is_recorded(name: str, record: Path = RECORD) -> bool:
    """Tell whether a recipe was built as its own code is now."""
    return name not in ALWAYS and _read(record).get(name) == sum_of(own_code(name))


def remember(name: str, record: Path = RECORD) -> None:
    """Write that a recipe was built as its own code is now."""
    with record.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sums = _read(record) | {name: sum_of(own_code(name))}
        write_json(record, dict(sorted(sums.items())))


def _read(record: Path) -> dict[str, str]:
    return dict(json.loads(record.read_text(encoding="utf-8"))) if record.is_file() else {}
