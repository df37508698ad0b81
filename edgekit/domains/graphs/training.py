"""Training on a whole graph at once: all papers hear each other, the labels of few are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.graphs.citations import Citations
from edgekit.on_device.graphs.neighbourhoods import arrays_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a network is trained, and how fast.

    Attributes:
        epochs: At most; each is one step on the whole graph.
        patience: Epochs without a lower loss or a higher accuracy on the papers of the validation,
            after which training ends.
        learning_rate: Of Adam.
    """

    epochs: int
    patience: int
    learning_rate: float


def fit_whole(
    model: keras.Model,
    cited: Citations,
    schedule: Schedule,
    *,
    symmetric: bool,
    progress: Progress,
) -> None:
    """Train a network that answers for all papers; keep the weights that validate best.

    Those are of the epoch with the highest accuracy on the validation, and of several of these the
    one with the lowest loss.

    Args:
        model: Takes the whole graph, with the room it takes, and answers `(1, papers, classes)`.
        cited: The graph, its labels and split.
        schedule: When to end.
        symmetric: As of `edgekit.on_device.graphs.neighbourhoods.example`.
        progress: Told the loss every tenth epoch.
    """
    import keras

    graph = cited.graph
    papers = np.arange(len(graph))
    inputs = arrays_of(graph, papers, len(papers), cited.room, symmetric=symmetric)
    labels = np.maximum(cited.labels, 0)[np.newaxis]  # what has none has no weight either
    model.compile(
        keras.optimizers.Adam(schedule.learning_rate),
        "sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],
        jit_compile=False,
    )
    train, validation = (
        (inputs, labels, _only(cited.splits[split], len(papers)))
        for split in ("train", "validation")
    )
    model.fit(
        *train[:2],
        sample_weight=train[2],
        validation_data=validation,
        batch_size=1,
        epochs=schedule.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[_keeping_best(schedule, progress)],
    )


def _only(papers: Array, count: int) -> Array:
    """Return weights of all papers whose weighted mean is that of a split, `(1, count)`."""
    weights = np.zeros((1, count), np.float32)
    weights[0, papers] = count / len(papers)
    return weights


def _keeping_best(schedule: Schedule, progress: Progress) -> keras.callbacks.Callback:
    """Return what ends training and puts the best weights back."""
    import keras

    class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            self.accuracy, self.loss, self.best = -1.0, float("inf"), (-1.0, 0.0)
            self.waited, self.weights = 0, self.model.get_weights()

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            accuracy, loss = logs["val_accuracy"], logs["val_loss"]
            if (accuracy, -loss) > self.best:
                self.best, self.weights = (accuracy, -loss), self.model.get_weights()
            is_better = accuracy > self.accuracy or loss < self.loss
            self.accuracy, self.loss = max(accuracy, self.accuracy), min(loss, self.loss)
            self.waited = 0 if is_better else self.waited + 1
            if self.waited >= schedule.patience:
                self.model.stop_training = True
            if epoch % 10 == 9:
                told = f"epoch {epoch + 1}/{schedule.epochs}, loss {logs['loss']:.3f}"
                progress((epoch + 1) / schedule.epochs, f"{told}, validation {100 * accuracy:.1f}%")

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            self.model.set_weights(self.weights)

    return KeepBest()
