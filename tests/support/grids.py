"""Outputs of a detector as free numbers, moved to where its loss is least."""

from __future__ import annotations

import numpy as np

from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Batch


def learned_answers(recipe: Recipe, few: Dataset, *, steps: int) -> tuple[Batch, list[float]]:
    """Return the outputs after some steps down the loss, and the mean loss before each step.

    They begin as those of an untrained network on an empty picture: its biases.
    """
    import keras
    import tensorflow as tf

    model = recipe.build("tiny")
    start = {name: model.get_layer(name).bias.numpy() for name in model.output_names}
    shapes = dict(zip(model.output_names, (each.shape[1:] for each in model.outputs), strict=True))
    answers = {
        name: keras.Variable(np.zeros((len(few), *shape), np.float32) + start[name], name=name)
        for name, shape in shapes.items()
    }
    free = list(answers.values())
    targets = {name: tf.constant(few.target(name)) for name in ("boxes", "labels")}
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.2, steps))
    optimizer.build(free)
    loss = recipe.loss
    assert callable(loss)

    @tf.function  # type: ignore[untyped-decorator]
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = {name: keras.ops.convert_to_tensor(each) for name, each in answers.items()}
            mean = keras.ops.mean(loss(targets, outputs))
        optimizer.apply(tape.gradient(mean, [each.value for each in free]), free)
        return mean

    losses = [float(step()) for _ in range(steps)]
    return {name: each.numpy() for name, each in answers.items()}, losses
