"""The recipe of a build, as parts: one file named `model`, or several that a loop calls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgekit.core import registry
from edgekit.core.errors import BadInput, NotFound, UnsupportedLayer
from edgekit.core.kinds import Artifact
from edgekit.core.recipe import Dataset, Parts, Recipe
from edgekit.core.types import Batch, Run, Size
from edgekit.source_model.keras_file import check_description, read_description

MODEL = "model"
"""Name of the part of a recipe that is one file."""

Files = Mapping[str, Artifact]
"""Part name -> its converted file; what a variant consists of."""


@dataclass(frozen=True, kw_only=True)
class RecipeChoice:
    """Which recipe, on which data; small enough to cross into a child process.

    Attributes:
        name: Name of a recipe, or path of a recipe file.
        data: Folder with a user's own data; None for the recipe's.
        weights: Keras model of a user's that training begins with; None for new weights.
        effort: Share of the epochs for which optimizations retrain, in 0..1; at least one is left.
    """

    name: str
    data: Path | None = None
    weights: Path | None = None
    effort: float = 1.0

    def code_for(self, model: Path) -> Path | None:
        """Return the recipe's file if a trained model has layers of its own in it, else None.

        A recipe by name has none: its layers would have to be found in its package.

        Args:
            model: A `.keras` file, or a SavedModel, which needs no code.
        """
        if not self.name.endswith(".py") or model.is_dir():
            return None
        try:
            check_description(read_description(model).config, model)
        except UnsupportedLayer:  # something that is no part of Keras
            return Path(self.name).absolute()
        return None

    def load(self) -> Recipe:
        """Return the recipe itself.

        Raises:
            NotFound: There is none by that name.
            BadInput: It takes no data or no weights of a user's.
        """
        recipe: Recipe = registry.get("recipes", self.name)
        if self.data is not None:
            if recipe.with_data is None:
                raise BadInput(f"Recipe '{self.name}' takes no data of your own; build it without.")
            if not self.data.exists():
                raise NotFound(f"There is no '{self.data}'; give a folder with data of your own.")
            recipe = recipe.with_data(self.data)
        if self.weights is not None:
            if recipe.with_weights is None:
                raise BadInput(f"Recipe '{self.name}' takes no weights; build it without.")
            if not self.weights.is_file():
                raise NotFound(f"There is no file '{self.weights}'; give a .keras or .h5 file.")
            recipe = recipe.with_weights(self.weights)
        if self.effort < 1:
            epochs = {
                s: max(1, round(self.effort * n)) for s, n in recipe.fine_tuning.epochs.items()
            }
            recipe = replace(recipe, fine_tuning=replace(recipe.fine_tuning, epochs=epochs))
        return recipe


def examples(recipe: Recipe, size: Size, *, emulated: bool) -> Dataset:
    """Return the test examples a place is scored on."""
    test = recipe.data("test", size)
    return test.head(recipe.num_emulated) if emulated else test


def parts_of(recipe: Recipe) -> Parts:
    """Return a recipe's parts; a recipe of one file has the one part `model`."""
    return recipe.parts or Parts(
        signatures={MODEL: recipe.signature},
        split=lambda model: {MODEL: model},
        drive=lambda runs: runs[MODEL],
    )


def details_of(recipe: Recipe, run: Run, test: Dataset) -> dict[str, float]:
    """Return a recipe's further figures of a run; a class without examples may have none."""
    found = recipe.details(run, test) if recipe.details else {}
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def remembering(run: Run) -> Run:
    """Return a run that is asked each question once: a score and its details look at the same."""
    known: dict[str, Batch] = {}

    def remembered(batch: Batch) -> Batch:
        digest = hashlib.sha256()
        for name in sorted(batch):
            array = np.ascontiguousarray(batch[name])
            digest.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
        key = digest.hexdigest()
        if key not in known:
            known[key] = run(batch)
        return dict(known[key])

    return remembered


def with_whole(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the whole and its parts, each name once: all that has golden vectors."""
    return tuple(dict.fromkeys([MODEL, *parts]))


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


def _row(batch: Batch, index: int) -> Batch:
    return {name: np.array(array[index]) for name, array in batch.items()}


def _stacked(rows: Sequence[Batch]) -> Batch:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
