"""Training on a whole graph at once: all nodes and links are used, the labels of few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.core.types import Array, Progress, Split
from edgekit.domains.graphs.labelled import LabelledGraph
from edgekit.on_device.graphs.neighbourhoods import arrays_of

if TYPE_CHECKING:
    import keras

LABELLED: tuple[Split, Split] = ("train", "validation")
"""Splits whose labels training uses: to learn from, and to choose the epoch."""

AVERAGED = 0.98
"""Share of the average of weights that stays in an epoch: it is over some 50 epochs."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a network is trained, and how fast.

    Attributes:
        epochs: At most; each is one step on the whole graph.
        patience: Epochs without a lower loss or a higher accuracy on the validation split, after
            which training ends.
        learning_rate: Of Adam.
    """

    epochs: int
    patience: int
    learning_rate: float


class Checked(NamedTuple):
    """What a network scores on the validation."""

    loss: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best of all epochs.

    Attributes:
        loss: The lowest of any.
        accuracy: The highest of any.
        loss_of_kept: The lowest of those with that accuracy.
        waited: Epochs since one of the first two was better than all before.
    """

    loss: float = float("inf")
    accuracy: float = -1.0
    loss_of_kept: float = float("inf")
    waited: int = 0

    def is_beaten_by(self, checked: Checked) -> bool:
        """Return whether an epoch is the one to keep."""
        return (checked.accuracy, -checked.loss) > (self.accuracy, -self.loss_of_kept)

    def after(self, checked: Checked) -> Best:
        """Return the best of these and one more."""
        is_better = checked.loss < self.loss or checked.accuracy > self.accuracy
        return Best(
            loss=min(self.loss, checked.loss),
            accuracy=max(self.accuracy, checked.accuracy),
            loss_of_kept=checked.loss if self.is_beaten_by(checked) else self.loss_of_kept,
            waited=0 if is_better else self.waited + 1,
        )


def fit_whole(
    model: keras.Model,
    labelled: LabelledGraph,
    schedule: Schedule,
    *,
    symmetric: bool,
    progress: Progress,
) -> None:
    """Train a network that answers for all nodes; keep the weights that validate best.

    They are averages over the last epochs, since dropout makes single steps noisy. The epoch with
    the highest accuracy on the validation split is kept, of several the one with the lowest loss.

    Source: Polyak, Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992,
        https://doi.org/10.1137/0330046.

    Args:
        model: Takes the whole graph, in the room it takes, and answers `(1, nodes, classes)`.
        labelled: The graph, its labels and splits.
        schedule: When to end.
        symmetric: As of `edgekit.on_device.graphs.neighbourhoods.example`.
        progress: Told the loss every tenth epoch.
    """
    import keras

    inputs, labels = whole_graph(labelled, symmetric=symmetric)
    train, validation = (_only(labelled.splits[each], len(labels[0])) for each in LABELLED)
    model.compile(
        keras.optimizers.Adam(schedule.learning_rate),
        "sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],
        jit_compile=False,
    )
    best, current = Best(), model.get_weights()
    kept = averaged = current
    for epoch in range(1, schedule.epochs + 1):
        # By hand, as `fit` takes longer to get hold of the one example than a step takes.
        model.reset_metrics()
        loss, _ = model.train_on_batch(inputs, labels, train)
        current = model.get_weights()
        averaged = moved(averaged, current, min(AVERAGED, epoch / (epoch + 10)))
        model.set_weights(averaged)
        model.reset_metrics()
        checked = Checked(*map(float, model.test_on_batch(inputs, labels, validation)))
        model.set_weights(current)
        kept = averaged if best.is_beaten_by(checked) else kept
        best = best.after(checked)
        if epoch % 10 == 0:
            share = 100 * checked.accuracy
            doing = f"epoch {epoch}/{schedule.epochs}, loss {loss:.3f}, validation {share:.1f}%"
            progress(epoch / schedule.epochs, doing)
        if best.waited >= schedule.patience:
            break
    model.set_weights(kept)


def moved(averaged: Sequence[Array], current: Sequence[Array], stays: float) -> list[Array]:
    """Return weights between an average and what they are now; `stays` of the average stays."""
    return [stays * a + (1 - stays) * c for a, c in zip(averaged, current, strict=True)]


def whole_graph(
    labelled: LabelledGraph, *, symmetric: bool
) -> tuple[dict[str, keras.KerasTensor], Array]:
    """Return the inputs of a network that takes all nodes, as tensors, and labels `(1, nodes)`.

    A node without a label has 0.
    """
    from keras import ops

    nodes = np.arange(len(labelled.graph))
    arrays = arrays_of(labelled.graph, nodes, len(nodes), labelled.room, symmetric=symmetric)
    tensors = {name: ops.convert_to_tensor(array) for name, array in arrays.items()}
    return tensors, np.maximum(labelled.labels, 0)[np.newaxis]


def _only(nodes: Array, count: int) -> Array:
    """Return weights of all nodes with which a mean is that of some, `(1, count)`."""
    weights = np.zeros((1, count), np.float32)
    weights[0, nodes] = count / len(nodes)
    return weights
