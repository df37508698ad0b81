"""Train a model of several outputs by one loss over all of them, on batches made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from edgekit.core.types import Array, Batch, Progress

if TYPE_CHECKING:
    import keras

    WholeLoss = Callable[[Mapping[str, keras.KerasTensor], Mapping[str, keras.KerasTensor]], object]
    """`(targets, outputs by name) -> loss of each example`, as in `Recipe.loss`."""


def fit_batches(
    models: Mapping[tuple[int, ...], keras.Model],
    loss: WholeLoss,
    batches: Iterable[tuple[Array, Batch]],
    *,
    optimizer: keras.optimizers.Optimizer,
    epochs: int,
    steps: int,
    progress: Progress,
) -> None:
    """Train models with one input, which share their weights, in place.

    Where the optimizer averages weights (`use_ema`), the models end with the averages.

    Args:
        models: Shape of an input without the batch axis -> model for it; one, or one for each size
            that batches have.
        loss: Of a model's targets and outputs by name.
        batches: Inputs and targets of `epochs * steps` batches, or more.
        optimizer: Its learning rate should fall within `epochs * steps` steps.
        epochs: How often `progress` is told the loss.
        steps: Batches of an epoch.
        progress: Told the mean loss of each epoch.
    """
    learners = {shape: learner(model, loss) for shape, model in models.items()}
    first = next(iter(models.values()))
    optimizer.build(first.trainable_variables)
    for each in learners.values():
        each.compile(optimizer, jit_compile=False)  # it takes long, and saves nothing
    left = iter(batches)
    for epoch in range(epochs):
        total = 0.0
        for inputs, targets in islice(left, steps):
            total += learners[inputs.shape[1:]].train_on_batch(inputs, dict(targets))
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {total / steps:.3f}")
    optimizer.finalize_variable_values(first.trainable_variables)


def learner(model: keras.Model, loss: WholeLoss) -> keras.Model:
    """Return a model made of the layers of `model`, whose `fit` minimizes a loss over all outputs.

    Compile it with an optimizer only. Training it trains `model`, since they share their weights.
    """
    import keras

    names = list(model.output_names)

    class Learner(keras.Model):  # type: ignore[misc]  # Keras has no types
        def compute_loss(
            self,
            x: object = None,
            y: Mapping[str, keras.KerasTensor] | None = None,
            y_pred: object = None,
            sample_weight: object = None,
            training: bool = True,
        ) -> keras.KerasTensor:
            answers = dict(zip(names, keras.tree.flatten(y_pred), strict=True))
            return keras.ops.mean(loss({} if y is None else y, answers)) + sum(self.losses)

        def train_on_batch(self, x: Array, y: Batch) -> float:
            """Return the loss of this batch alone."""
            self.reset_metrics()
            return float(super().train_on_batch(x, y))

    return Learner(model.inputs, model.outputs, name=model.name)
