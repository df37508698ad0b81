"""Train a Keras model with `fit` and tell how far it is after every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset
from edgekit.core.types import Progress

if TYPE_CHECKING:
    import keras


def fit(
    model: keras.Model,
    examples: Dataset,
    *,
    epochs: int,
    batch_size: int,
    progress: Progress,
    stage: str = "epoch",
    validation: Dataset | None = None,
) -> None:
    """Train a compiled model with one input and one output on all examples, in random order.

    Args:
        model: Trained in place.
        examples: What to train on.
        epochs: Times each example is seen.
        batch_size: Examples per step.
        progress: Told the loss after every epoch.
        stage: First word of what `progress` is told, such as "labels" in "labels 2/3, loss 0.412".
        validation: Given: the weights of the epoch with the lowest loss on it are kept.
    """
    import keras

    def tell(epoch: int, logs: dict[str, float]) -> None:
        loss = f"loss {logs['loss']:.3f}"
        if validation is not None:
            loss += f", validation loss {logs['val_loss']:.3f}"
        progress((epoch + 1) / epochs, f"{stage} {epoch + 1}/{epochs}, {loss}")

    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.LambdaCallback(on_epoch_end=tell),
    ]
    if validation is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
        )
    model.fit(
        *_arrays(examples),
        validation_data=_arrays(validation) if validation is not None else None,
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
        callbacks=callbacks,
    )


def _arrays(dataset: Dataset) -> tuple[object, object]:
    (inputs,) = dataset.inputs.values()
    return inputs, dataset.target()
