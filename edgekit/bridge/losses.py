"""What retraining minimizes: a recipe's loss, made to fit tf_keras.

A recipe states its loss for Keras 3, and the model that tfmot changes is one of tf_keras. Keras 3
on TensorFlow computes with plain TensorFlow tensors, so its losses serve both, gradients included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from edgekit.core.errors import BadInput
from edgekit.core.recipe import Loss, Recipe
from edgekit.core.types import Array, Batch

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras

    Tensors: TypeAlias = tf.Tensor | Mapping[str, tf.Tensor]
    Objective = Callable[[Tensors, Mapping[str, tf.Tensor]], tf.Tensor]
    """`(targets, outputs by name) -> mean loss of the batch`."""


def objective(
    recipe: Recipe, targets: Array | Batch, output_names: Sequence[str] = ()
) -> Objective:
    """Return the mean loss of a batch as a function of its targets and of the outputs by name.

    - A mapping's losses are each given the target and the output of that name, and are added up.
      Outputs without a loss are left to themselves.
    - A name stands for the loss of the only output.
    - A function is given the targets as the data set holds them, and the only output, or all
      outputs by name where there are several.

    As in Keras 3's `compile`, targets arrive as float32, and where an output has the shape
    `(..., 1)`, targets of shape `(...)` get that last axis.

    Args:
        recipe: `loss` is the loss; `signature` names the outputs.
        targets: Those of the training data, to be checked.
        output_names: What the loss calls the outputs, if not as the recipe's signature does.

    Raises:
        BadInput: The loss does not fit the outputs or the targets, or Keras has none of that name.
    """
    outputs = list(output_names) or [tensor.name for tensor in recipe.signature.outputs]
    loss = recipe.loss
    if isinstance(loss, str) and len(outputs) == 1:
        loss = {outputs[0]: loss}
    if isinstance(loss, Mapping):
        _check_names(loss, outputs, targets)
        losses = {name: _keras_loss(own) for name, own in loss.items()}
        return lambda y, answers: sum(
            own(y[name] if isinstance(y, Mapping) else y, answers[name])
            for name, own in losses.items()
        )
    if loss is None or isinstance(loss, str):
        given = f"the one loss '{loss}'" if loss else "no loss"
        raise BadInput(
            f"The recipe has {given} for the outputs {', '.join(outputs)}; retraining takes a "
            "mapping from output to loss, or a function of all outputs. Set Recipe.loss, or build "
            "without an optimization."
        )
    whole = _keras_loss(loss)
    return lambda y, answers: whole(y, answers if len(outputs) > 1 else answers[outputs[0]])


def minimizing(
    model: tf_keras.Model, objective: Objective, output_names: list[str]
) -> tf_keras.Model:
    """Return a model made of the layers of `model`, whose `fit` minimizes an objective.

    Training it trains `model`, since they share their weights. Regularization is added to the loss.

    Args:
        model: A functional tf_keras model.
        objective: From `objective`.
        output_names: What the objective calls the outputs, in the order of `model.outputs`: where
            a model returns a dict, both Keras 3 and tf_keras sort them by key. In any order if
            they are the keys of that dict.
    """
    import tensorflow as tf
    import tf_keras

    mean = tf_keras.metrics.Mean(name="loss")

    class Minimizing(tf_keras.Model):  # type: ignore[misc]  # tf_keras has no types
        def compute_loss(
            self, x: object = None, y: Tensors = None, y_pred: object = None, *_: object
        ) -> tf.Tensor:
            answers = by_name(y_pred, output_names)
            loss = objective(y, answers) + sum(self.losses)
            mean.update_state(loss, tf.shape(answers[output_names[0]])[0])
            return loss

        def compute_metrics(self, *_: object) -> dict[str, tf.Tensor]:
            return {"loss": mean.result()}

        @property
        def metrics(self) -> list[tf_keras.metrics.Metric]:
            return [mean]

    return Minimizing(model.input, model.output, name=model.name)


def by_name(answer: object, names: list[str]) -> Mapping[str, tf.Tensor]:
    """Return the outputs of a model by name, whatever structure it returns them in."""
    import keras

    if isinstance(answer, Mapping) and set(answer) == set(names):
        return answer
    return dict(zip(names, keras.tree.flatten(answer), strict=True))


def _check_names(losses: Iterable[str], outputs: list[str], targets: Array | Batch) -> None:
    """Refuse losses by name that have no output or no target of that name."""
    for name in losses:
        if name not in outputs:
            raise BadInput(
                f"The recipe has a loss for '{name}', which is no output; there are: "
                f"{', '.join(outputs)}."
            )
        if isinstance(targets, Mapping):
            missing = name not in targets
            given = f"targets for {', '.join(targets)}"
        else:
            missing = len(outputs) > 1
            given = "one array of targets"
        if missing:
            raise BadInput(
                f"The recipe has a loss for '{name}' and {given}; give the data set targets named "
                "after the outputs, or the recipe a loss that is one function."
            )


def _keras_loss(loss: Loss) -> keras.losses.Loss:
    """Return the Keras 3 loss object of a name or a function; it takes the mean of the examples."""
    import keras

    try:
        function = keras.losses.get(loss)
    except ValueError as error:
        raise BadInput(
            f"The recipe has the loss '{loss}', and Keras has none of that name; give a name such "
            "as 'mean_squared_error', or a function (targets, answers) -> loss."
        ) from error
    if isinstance(function, keras.losses.Loss):
        return function

    class OfFunction(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
        def call(self, y_true: Tensors, y_pred: Tensors) -> tf.Tensor:
            return function(_aligned(y_true, y_pred), y_pred)

    return OfFunction()


def _aligned(targets: Tensors, answers: Tensors) -> Tensors:
    """Give targets the last axis that answers of shape `(..., 1)` have."""
    if isinstance(targets, Mapping) or isinstance(answers, Mapping):
        return targets
    is_short = len(targets.shape) + 1 == len(answers.shape) and answers.shape[-1] == 1
    return targets[..., None] if is_short else targets
