"""Train a model on while tfmot changes it: what pruning, clustering and QAT have in common.

tfmot works on tf_keras models; `edgekit.bridge.carry` makes them. Importing tfmot sets
`TF_USE_LEGACY_KERAS` and may make `tf.keras` mean Keras 2, so optimizations run in a child process.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edgekit.bridge.graph import layers_of
from edgekit.bridge.layers import parts
from edgekit.core.errors import UnsupportedLayer
from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size

KERNELS = ("kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")
"""Attributes that hold the bulk of a layer's weights.

Depthwise kernels are not among them: they have a few weights for each channel, save next to nothing
and lose much accuracy, so tfmot leaves them alone too.
"""

Sizes = Mapping[Any, int]
"""Layer -> number of weights in its kernels."""


def import_tfmot() -> Any:
    """Import tfmot and undo what that does to the environment of processes started later."""
    before = os.environ.get("TF_USE_LEGACY_KERAS")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its use of distutils
            import tensorflow_model_optimization as tfmot
    finally:
        os.environ.pop("TF_USE_LEGACY_KERAS", None)
        if before is not None:
            os.environ["TF_USE_LEGACY_KERAS"] = before
    return tfmot


def kernels(layer: Any) -> list[Any]:
    """Return the kernels of a built tf_keras layer, those of the layers inside it included."""
    found = [weight for part in parts(layer) for weight in kernels(part)]
    if not parts(layer):
        found += [getattr(layer, name) for name in KERNELS if hasattr(layer, name)]
    return found


def kernel_sizes(model: Any) -> Sizes:
    """Return how many weights the kernels of each layer hold, for layers that have any.

    Raises:
        UnsupportedLayer: No layer has.
    """
    counts = {
        layer: sum(kernel.shape.num_elements() for kernel in kernels(layer))
        for layer in layers_of(model)
    }
    found = {layer: count for layer, count in counts.items() if count}
    if not found:
        raise UnsupportedLayer(
            f"Model '{model.name}' has no kernel to change; Dense, Conv*, Embedding, attention and "
            "recurrent layers have one. Build it without this optimization."
        )
    return found


def summary(doing: str, chosen: Sizes, sizes: Sizes) -> str:
    """Say which layers an optimization changes and which it leaves alone."""
    share = 100 * sum(chosen.values()) / sum(sizes.values())
    left = [layer.name for layer in sizes if layer not in chosen]
    also = f"; left alone: {', '.join(left)}" if left else ""
    return f"{doing} {len(chosen)} layers, {share:.0f} % of the weights in kernels{also}"


def wrap_layers(model: Any, wrap: Callable[[Any], Any]) -> Any:
    """Return the tf_keras model with some layers replaced by tfmot's wrappers around them.

    Layers are shared with `model`, so weights and batch statistics carry on.

    Args:
        model: From `to_tf_keras`.
        wrap: Given each layer, those of nested models included; returns it, or its wrapper.
    """
    import tf_keras

    def replace(layer: Any) -> Any:
        if isinstance(layer, tf_keras.Model):
            return wrap_layers(layer, wrap)
        wrapper = wrap(layer)
        if wrapper is not layer:
            _let_masks_through(wrapper)
        return wrapper

    return tf_keras.models.clone_model(model, clone_function=replace)


def _let_masks_through(wrapper: Any) -> None:
    """Make a wrapper of tfmot 0.8.1 treat masks as the layer inside it does.

    By itself it drops them, so that recurrent layers train on padding, or hands them to layers that
    take none, which fails.
    """
    wrapper.supports_masking = wrapper.layer.supports_masking
    wrapper.compute_mask = wrapper.layer.compute_mask
    wrapper._call_spec.expects_mask_arg = wrapper.layer._call_spec.expects_mask_arg


def num_steps(recipe: Recipe, size: Size) -> int:
    """Return how many steps `fine_tune` trains for."""
    tuning = recipe.fine_tuning
    return int(-(-len(recipe.data("train", size)) // tuning.batch_size) * tuning.epochs[size])


def fine_tune(
    model: Any,
    recipe: Recipe,
    *,
    size: Size,
    seed: int,
    progress: Progress,
    callbacks: Iterable[Any] = (),
) -> None:
    """Train a tf_keras model on, in place, as `recipe.fine_tuning` says.

    Adam, with a learning rate that falls to zero along half a cosine: the model is trained already,
    and has to settle around the change. Validation loss is told by `progress`.

    Args:
        model: A tf_keras model with the inputs of the recipe.
        recipe: Gives data, loss, epochs, batch size and learning rate.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told after each epoch.
        callbacks: tf_keras callbacks, such as those of tfmot.
    """
    import tf_keras

    tf_keras.utils.set_random_seed(seed)
    tuning, epochs = recipe.fine_tuning, recipe.fine_tuning.epochs[size]
    rate = tf_keras.optimizers.schedules.CosineDecay(tuning.learning_rate, num_steps(recipe, size))
    model.compile(optimizer=tf_keras.optimizers.Adam(rate), loss=recipe.loss)
    train, validation = recipe.data("train", size), recipe.data("validation", size)

    def tell(epoch: int, logs: dict[str, float]) -> None:
        losses = f"loss {logs['loss']:.3f}, validation {logs['val_loss']:.3f}"
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, {losses}")

    model.fit(
        dict(train.inputs),
        train.targets,
        batch_size=tuning.batch_size,
        epochs=epochs,
        validation_data=(dict(validation.inputs), validation.targets),
        callbacks=[*callbacks, tf_keras.callbacks.LambdaCallback(on_epoch_end=tell)],
        verbose=0,
    )
