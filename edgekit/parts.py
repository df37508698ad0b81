"""Every recipe as parts: one file named `model`, or several that a loop calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from edgekit.paths import atomic
from edgekit.types import Artifact, Batch, Parts, Recipe, Run, Size

MODEL = "model"
"""Name of the part of a recipe that is one file."""

Files = Mapping[str, Artifact]
"""Part name -> its converted file; what a variant consists of."""


def parts_of(recipe: Recipe) -> Parts:
    """Return a recipe's parts; a recipe of one file has the one part `model`."""
    return recipe.parts or Parts(
        signatures={MODEL: recipe.signature},
        split=lambda model: {MODEL: model},
        drive=lambda runs: runs[MODEL],
    )


def with_whole(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the whole and its parts, each name once: all that has golden vectors."""
    return tuple(dict.fromkeys([MODEL, *parts]))


def source_path(folder: Path, part: str) -> Path:
    """Return where a part's Keras model stands in a run folder."""
    return folder / "model.keras" if part == MODEL else folder / "parts" / f"{part}.keras"


def vectors_path(folder: Path, part: str) -> Path:
    """Return where a part's golden vectors stand in a run folder."""
    return folder / "vectors.npz" if part == MODEL else folder / "parts" / f"{part}.npz"


def calibration_path(folder: Path, part: str) -> Path:
    """Return where a part's calibration data stand in a run folder."""
    return folder / ".work" / f"calibration-{part}.npz"


def programs_path(folder: Path) -> Path:
    """Return where in a run folder the recipe's programs and what they read stand."""
    return folder / "device"


def sidecar_path(artifact_path: Path) -> Path:
    """Return where the description of a part's file stands: beside it."""
    name = "artifact" if artifact_path.stem == MODEL else artifact_path.stem
    return artifact_path.with_name(f"{name}.json")


def write_programs(recipe: Recipe, size: Size, folder: Path) -> None:
    """Write what runs beside the model on a device: the recipe's programs and what they read."""
    source = Path(__file__).parent / "on_device"
    names = ["interpreter", *recipe.on_device] if recipe.on_device else []
    texts = {f"{n}.py": (source / f"{n}.py").read_text(encoding="utf-8") for n in names}
    assets = recipe.assets(size) if recipe.assets else {}
    with atomic(folder) as temporary:
        temporary.mkdir()
        for name, text in {**texts, **assets}.items():
            (temporary / name).write_text(text, encoding="utf-8")


class Recorder:
    """A part as a function that keeps a fair sample of what went in and came out."""

    def __init__(self, run: Run, count: int) -> None:
        self._run = run
        self._count = count
        self._seen = 0
        self._random = np.random.default_rng(0)
        self._kept: list[tuple[Batch, Batch]] = []

    def __call__(self, batch: Batch) -> Batch:
        """Run the part on a batch; keep some of its examples."""
        answer = self._run(batch)
        for index in range(len(next(iter(batch.values())))):
            self._offer(batch, answer, index)
        return answer

    def sample(self) -> tuple[Batch, Batch]:
        """Return the inputs and outputs kept: at most `count`, in order if that was all."""
        inputs, outputs = zip(*self._kept, strict=True)
        return _stacked(inputs), _stacked(outputs)

    def _offer(self, batch: Batch, answer: Batch, index: int) -> None:
        """Keep an example with the same chance as any other (Vitter, algorithm R, 1985)."""
        self._seen += 1
        slot = len(self._kept)
        if slot == self._count:
            slot = int(self._random.integers(self._seen))
        if slot >= self._count:
            return
        row = (_row(batch, index), _row(answer, index))
        self._kept[slot : slot + 1] = [row]


def record(
    recipe: Recipe, runs: Mapping[str, Run], inputs: Batch, *, count: int
) -> tuple[Batch, Mapping[str, tuple[Batch, Batch]]]:
    """Drive the parts over inputs.

    Returns:
        The outputs of the whole; and at most `count` inputs and outputs of each part.
    """
    recorders = {part: Recorder(run, count) for part, run in runs.items()}
    outputs = parts_of(recipe).drive(recorders)(inputs)
    return outputs, {part: recorder.sample() for part, recorder in recorders.items()}


def write_arrays(path: Path, inputs: Batch, outputs: Batch | None = None) -> None:
    """Write golden vectors, or calibration data if there are no outputs, as `.npz`."""
    if outputs is None:
        named = dict(inputs)
    else:
        named = {f"input:{name}": array for name, array in inputs.items()}
        named |= {f"output:{name}": array for name, array in outputs.items()}
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **named)  # type: ignore[arg-type]


def _row(batch: Batch, index: int) -> Batch:
    return {name: np.array(array[index]) for name, array in batch.items()}


def _stacked(rows: Sequence[Batch]) -> Batch:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
