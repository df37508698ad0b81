"""Train a network to answer as a trained one does, and as its recipe's data say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from edgekit.bridge.fine_tuning import num_steps
from edgekit.bridge.graph import graph_of
from edgekit.bridge.losses import by_name, objective
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Progress, Size

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from edgekit.bridge.losses import Tensors

    Answers: TypeAlias = Mapping[str, tf.Tensor]
    """Output name -> tensor."""

EPOCHS_FACTOR = 4
"""A narrower network is trained so many times as long as one that only adapts to a change."""

LEARNING_RATE_FACTOR = 3
"""It has more to learn, too, than `Recipe.fine_tuning` is made for.

On `image_cnn` (tiny, seed 0, half the channels) 87.0 % of 1,000 test images were right with a
factor of 3, 85.8 % with 1, 87.6 % with 5, which is within chance; of the trained network 88.5 %.
"""

TEMPERATURE = 4.0
"""Probabilities are compared after their logarithms were divided by this; it shows which of the
wrong classes the trained network finds likelier."""

CHOOSING = ("TopK", "Argmax", "Argmin", "Argsort", "Sort")
"""Operations of `keras.ops` whose results are places, or lie in an order, of their input."""

LEAST = 1e-7
"""Probabilities below are taken for this, so that they have a logarithm."""


def distill(
    student: keras.Model,
    teacher: keras.Model,
    recipe: Recipe,
    *,
    size: Size,
    seed: int,
    progress: Progress,
) -> None:
    """Train a student in place: the recipe's loss, plus how far it is from the teacher's answers.

    That distance is, of an output that is a softmax, the divergence of probabilities softened by a
    temperature; of any other, the mean squared error. Whole numbers, and what a network says of
    places that it has chosen itself, are left to the recipe's loss.

    Args:
        student: With the inputs and outputs of the teacher.
        teacher: A trained model; it is not changed.
        recipe: Gives data, loss, batch size, learning rate and epochs, of the last two a multiple.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told the losses after each epoch.

    Raises:
        BadInput: The recipe's loss does not fit its outputs or its targets.

    Source: Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, 2015,
    https://arxiv.org/abs/1503.02531.
    """
    import keras

    keras.utils.set_random_seed(seed)
    tuning, epochs = recipe.fine_tuning, EPOCHS_FACTOR * recipe.fine_tuning.epochs[size]
    train, validation = recipe.data("train", size), recipe.data("validation", size)
    names = _output_names(teacher, recipe)
    own, distance = objective(recipe, train.targets, names), imitating(teacher, names)

    class Distilling(keras.Model):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__(name="distilling")
            self.student = student

        def call(self, inputs: Answers, training: bool = False) -> object:
            return student(_packed(student, inputs), training=training)

        def compute_loss(
            self, x: Answers, y: tuple[Tensors, Answers], y_pred: object, *_: object, **__: object
        ) -> tf.Tensor:
            targets, wanted = y
            answers = by_name(y_pred, names)
            return own(targets, answers) + distance(wanted, answers) + sum(self.losses)

    def examples(data: Dataset) -> tuple[dict[str, Array], tuple[object, Mapping[str, Array]]]:
        given = _packed(teacher, data.inputs)
        wanted = by_name(teacher.predict(given, tuning.batch_size, verbose=0), names)
        is_one = not isinstance(data.targets, Mapping)
        return dict(data.inputs), (data.targets if is_one else dict(data.targets), wanted)

    def tell(epoch: int, logs: dict[str, float]) -> None:
        losses = f"loss {logs['loss']:.3f}, validation {logs['val_loss']:.3f}"
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, {losses}")

    learner = Distilling()
    learner.compile(keras.optimizers.Adam(_rate(recipe, size)))
    learner.fit(
        *examples(train),
        batch_size=tuning.batch_size,
        epochs=epochs,
        validation_data=examples(validation),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell)],
        verbose=0,
    )


def _rate(recipe: Recipe, size: Size) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a learning rate that rises in a twentieth of the steps and falls to zero."""
    import keras

    steps = EPOCHS_FACTOR * num_steps(recipe, size)
    rising = max(1, steps // 20)
    peak = LEARNING_RATE_FACTOR * recipe.fine_tuning.learning_rate
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=peak, warmup_steps=rising
    )


def _output_names(model: keras.Model, recipe: Recipe) -> list[str]:
    """Return what the recipe's loss calls the outputs, in the order of `model.outputs`."""
    if not recipe.parts:
        return [tensor.name for tensor in recipe.signature.outputs]
    structure = graph_of(model)._outputs_struct
    return sorted(structure) if isinstance(structure, Mapping) else list(model.output_names)


def imitating(teacher: keras.Model, names: list[str]) -> Callable[[Answers, Answers], tf.Tensor]:
    """Return `(wanted, answers) -> distance`, summed over the outputs that can be compared."""
    import keras

    # Given as the text "kl_divergence", its default, Keras 3.15.1 forgets the softmax.
    soft = keras.distillation.LogitsDistillation(TEMPERATURE, keras.losses.KLDivergence())

    def divergence(wanted: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
        # The logarithms of probabilities are logits up to a constant, which softmax removes.
        logits = (keras.ops.log(keras.ops.maximum(p, LEAST)) for p in (wanted, answers))
        return soft.compute_loss(*logits)

    def error(wanted: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
        return keras.ops.mean(keras.ops.square(wanted - answers))

    distances = {
        name: divergence if _is_softmax(tensor) else error
        for name, tensor in by_name(graph_of(teacher)._outputs_struct, names).items()
        if "float" in tensor.dtype and not _is_chosen(tensor)
    }
    return lambda wanted, answers: sum(
        distance(wanted[name], answers[name]) for name, distance in distances.items()
    )


def _is_chosen(output: keras.KerasTensor) -> bool:
    """Whether an output is about places that the network itself has chosen.

    A student chooses others, so that the same row of both is not about the same place.
    """
    seen: set[int] = set()
    waiting = [output]
    while waiting:
        tensor = waiting.pop()
        operation, index, _ = tensor._keras_history
        if type(operation).__name__ in CHOOSING:
            return True
        if id(tensor) not in seen and operation._inbound_nodes:
            waiting += operation._inbound_nodes[index].input_tensors
        seen.add(id(tensor))
    return False


def _is_softmax(tensor: keras.KerasTensor) -> bool:
    """Whether an output holds probabilities that add up to one along the last axis."""
    import keras

    operation = tensor._keras_history.operation
    if getattr(operation, "activation", None) is keras.activations.softmax:
        return True
    rank = len(tensor.shape)
    return type(operation).__name__ == "Softmax" and operation.axis in (-1, rank - 1)


def _packed(model: keras.Model, inputs: Mapping[str, object]) -> object:
    """Return inputs by name in the structure in which a model takes them."""
    import keras

    graph = graph_of(model)
    given = [inputs[tensor._keras_history.operation.name] for tensor in graph.inputs]
    return keras.tree.pack_sequence_as(graph._inputs_struct, given)
