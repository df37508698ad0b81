"""What changed since continuous integration last passed: `tests/recipes/built.json`.

A build of every recipe takes longer than continuous integration may. A few try what recipes share,
each in its way, and are built always; of the others, those are built whose own code changed, the
first `MOST` by name: the rest wait for the next run. The slow tests of searches and of tasks on
several machines, which take minutes, run where the code of these changed. After a run that passed,
and before anything else changes, `python -m tests.support.built` takes down what it passed with.
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

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "tests" / "recipes" / "built.json"

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

MOST = 2
"""Others that are built in one run."""

SEARCHES = "searches"
"""Key in the record, beside the recipes."""

SEARCHING = (
    "edgekit/search",
    "edgekit/tasks",
    "edgekit/core/parallel.py",
    "tests/search",
    "tests/tasks",
    "tests/support/ray_nodes.py",
    "tests/support/toy_tasks.py",
)
"""The code of searches and of tasks, with its tests, whose slow ones are left out while all of this
is as it was."""


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


def changed(record: Path = RECORD) -> list[str]:
    """Return the recipes, but for those built always, that changed since they were last built."""
    built = _read(record)
    names = [name for name in registry.names("recipes") if name not in ALWAYS]
    return [name for name in names if built.get(name) != sum_of(own_code(name))]


def why_left_out(name: str, record: Path = RECORD) -> str:
    """Say why a run does not build a recipe; "" if it does."""
    if name in ALWAYS:
        return ""
    waiting = changed(record)
    if name not in waiting:
        return "its own code is as it was when continuous integration passed"
    return "" if name in waiting[:MOST] else "it changed, and waits for the next run"


def searching() -> str:
    """Return one SHA-256 of the code of searches."""
    files = [
        path
        for place in map(ROOT.joinpath, SEARCHING)
        for path in (sorted(place.rglob("*")) if place.is_dir() else [place])
        if path.is_file() and path.suffix != ".pyc"
    ]
    return sum_of(files)


def why_searches_are_left_out(record: Path = RECORD) -> str:
    """Say why a run leaves out the slow tests of searches; "" if it does not."""
    if _read(record).get(SEARCHES) != searching():
        return ""
    return "the code of searches is as it was when continuous integration passed"


def take_down(record: Path = RECORD) -> None:
    """Write what the own code is now of what a run builds, and that of searches."""
    built = {name: sum_of(own_code(name)) for name in changed(record)[:MOST]}
    known = {
        name: what for name, what in _read(record).items() if name in registry.names("recipes")
    }
    built[SEARCHES] = searching()
    write_json(record, dict(sorted({**known, **built}.items())))


def _read(record: Path) -> dict[str, str]:
    return dict(json.loads(record.read_text(encoding="utf-8"))) if record.is_file() else {}


if __name__ == "__main__":
    take_down()
