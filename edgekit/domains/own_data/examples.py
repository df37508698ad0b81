"""What every reader of a user's data makes of them: labelled examples in splits, and remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.own_data.files import csv_text

if TYPE_CHECKING:
    import keras

SPLITS_FILE = "splits.csv"
"""Names every example of a user's with its label and split; beside the models of a bundle."""

NUM_TINY = 1000
"""Training examples that a tiny build uses."""

NUM_CALIBRATION = 500
UNBALANCED = 3
"""How many times larger the largest class may be than the smallest before it is told."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Labelled examples of a user's, in an order that depends on their content alone.

    Attributes:
        values: `(n, ...)`, or `(n,)` of texts.
        labels: `(n,)`, int32, numbers of `label_names`.
        label_names: What the model's outputs are called.
        sources: `(n,)`: the file or line that each stands in.
        splits: `(n,)`: "train", "validation" or "test".
        remarks: What there is to say of them, in sentences.
    """

    values: Array
    labels: Array
    label_names: tuple[str, ...]
    sources: tuple[str, ...]
    splits: Array
    remarks: tuple[str, ...]

    def chosen(self, split: Split, size: Size) -> Array:
        """Return the indices of a split; calibration data are training examples."""
        wanted = "train" if split == "calibration" else split
        found = np.flatnonzero(self.splits == wanted)
        if split == "calibration":
            return found[:NUM_CALIBRATION]
        return found[:NUM_TINY] if split == "train" and size == "tiny" else found

    def splits_csv(self) -> str:
        """Return each example with its label and split, as CSV."""
        names = [self.label_names[label] for label in self.labels]
        return csv_text(("source", "label", "split"), self.sources, names, self.splits)


Train = Callable[["keras.Model", Size, Progress], "keras.Model"]
Assets = Callable[[Size], Mapping[str, str | bytes]]


def on_examples(
    recipe: Recipe,
    own: Examples,
    *,
    inputs: tuple[Tensor, ...],
    data: Callable[[Split, Size], Dataset],
    build: Callable[[Size], keras.Model],
    train: Train,
    assets: Assets,
) -> Recipe:
    """Return a classifier's recipe on a user's examples; every output gets one score a label.

    Args:
        recipe: The recipe on its own data.
        own: What stands in for them.
        inputs: Of the model.
        data: Features of a split.
        build: The untrained model.
        train: Trains it.
        assets: What the program reads; `splits.csv` is added.
    """
    outputs = recipe.signature.outputs
    test = Counter(own.labels[own.splits == "test"].tolist())
    label, count = test.most_common(1)[0]
    return replace(
        recipe,
        signature=Signature(inputs=inputs, outputs=resized(outputs, own), labels=own.label_names),
        baseline=(f"always '{own.label_names[label]}'", 100 * count / test.total()),
        answer_key=labels_key(len(own.label_names), tuple(tensor.name for tensor in outputs)),
        data=data,
        build=build,
        train=train,
        assets=partial(_with_splits, assets, own),
        with_data=None,
        about_data=own.remarks,
    )


def resized(outputs: Sequence[Tensor], own: Examples) -> tuple[Tensor, ...]:
    """Return outputs with one score for each of a user's labels."""
    return tuple(
        replace(tensor, shape=(*tensor.shape[:-1], len(own.label_names))) for tensor in outputs
    )


def _with_splits(assets: Assets, own: Examples, size: Size) -> dict[str, str | bytes]:
    return {**assets(size), SPLITS_FILE: own.splits_csv()}


def balance(labels: Array, label_names: Sequence[str], what: str) -> tuple[str, ...]:
    """Say how many examples of which classes there are, and whether that is unbalanced."""
    counts = np.bincount(labels, minlength=len(label_names))
    most, least = int(counts.argmax()), int(counts.argmin())
    said = f"{len(labels):,} {what} of {len(label_names)} classes"
    if counts[most] < UNBALANCED * counts[least]:
        span = f"{counts[least]:,} to " if counts[least] < counts[most] else ""
        return (f"{said}, {span}{counts[most]:,} of each.",)
    return (
        f"{said}; unbalanced: '{label_names[most]}' has {counts[most]:,}, '{label_names[least]}' "
        f"{counts[least]:,}. Always answering '{label_names[most]}' would be right on "
        f"{100 * counts[most] / len(labels):.0f} %, so look at each class, not at the accuracy "
        "alone.",
    )
