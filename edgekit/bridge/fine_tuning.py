"""Continue training while tfmot changes the model: what pruning, clustering and QAT share.

tfmot works on tf_keras models; `edgekit.bridge.carry` makes them. Importing tfmot sets
`TF_USE_LEGACY_KERAS` and may make `tf.keras` mean Keras 2, so optimizations run in a child process.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from edgekit.bridge.graph import layers_of
from edgekit.bridge.layers import parts
from edgekit.bridge.losses import minimizing, objective
from edgekit.core.errors import UnsupportedLayer
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Progress, Size

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

    KernelSizes: TypeAlias = Mapping[tf_keras.layers.Layer, int]
    """Layer -> number of weights in its kernels."""

KERNELS = ("kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")
"""Attributes that hold the bulk of a layer's weights.

Depthwise kernels are not among them: they have a few weights for each channel, so that pruning them
saves next to nothing and costs much accuracy. tfmot leaves them alone too.
"""


def import_tfmot() -> ModuleType:
    """Import tfmot, and undo the change this makes to the environment.

    It sets `TF_USE_LEGACY_KERAS`, which processes started later would inherit.
    """
    before = os.environ.get("TF_USE_LEGACY_KERAS")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its use of distutils
            return importlib.import_module("tensorflow_model_optimization")
    finally:
        os.environ.pop("TF_USE_LEGACY_KERAS", None)
        if before is not None:
            os.environ["TF_USE_LEGACY_KERAS"] = before


def kernels(layer: tf_keras.layers.Layer) -> list[tf.Variable]:
    """Return the kernels of a built tf_keras layer, those of the layers inside it included."""
    if inner := parts(layer):
        return [kernel for part in inner for kernel in kernels(part)]
    return [getattr(layer, name) for name in KERNELS if hasattr(layer, name)]


def kernel_sizes(model: tf_keras.Model) -> KernelSizes:
    """Return how many weights the kernels of each layer hold, for layers that have any.

    Raises:
        UnsupportedLayer: No layer has.
    """
    sizes = {
        layer: sum(kernel.shape.num_elements() for kernel in own)
        for layer in layers_of(model)
        if (own := kernels(layer))
    }
    if not sizes:
        raise UnsupportedLayer(
            f"Model '{model.name}' has no kernel to change; Dense, Conv*, Embedding, attention and "
            "recurrent layers have one. Build it without this optimization."
        )
    return sizes


def summary(doing: str, chosen: KernelSizes, sizes: KernelSizes) -> str:
    """Say which layers an optimization changes and which it leaves alone."""
    share = 100 * sum(chosen.values()) / sum(sizes.values())
    left = [layer.name for layer in sizes if layer not in chosen]
    also = f"; left alone: {', '.join(left)}" if left else ""
    return f"{doing} {len(chosen)} layers, {share:.0f} % of the weights in kernels{also}"


def wrap_layers(
    model: tf_keras.Model, wrap: Callable[[tf_keras.layers.Layer], tf_keras.layers.Layer]
) -> tf_keras.Model:
    """Return the tf_keras model with some layers replaced by tfmot's wrappers around them.

    Layers are shared with `model`, so their weights and batch statistics are kept, and outputs keep
    their names.

    Args:
        model: From `to_tf_keras`.
        wrap: Given each layer, those of nested models included; returns it, or its wrapper.
    """
    import tf_keras

    def replace(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if isinstance(layer, tf_keras.Model):
            return wrap_layers(layer, wrap)
        wrapper = wrap(layer)
        if wrapper is not layer:
            _let_masks_through(wrapper)
        return wrapper

    wrapped = tf_keras.models.clone_model(model, clone_function=replace)
    wrapped.output_names = list(model.output_names)
    return wrapped


def _let_masks_through(wrapper: tf_keras.layers.Wrapper) -> None:
    """Make a wrapper of tfmot 0.8.1 treat masks as the layer inside it does.

    On its own it drops them, so that recurrent layers train on padding, or passes them to layers
    that take none, which fails.
    """
    wrapper.supports_masking = wrapper.layer.supports_masking
    wrapper.compute_mask = wrapper.layer.compute_mask
    wrapper._call_spec.expects_mask_arg = wrapper.layer._call_spec.expects_mask_arg


def num_steps(recipe: Recipe, size: Size) -> int:
    """Return how many steps `fine_tune` trains for."""
    tuning = recipe.fine_tuning
    return int(-(-len(recipe.data("train", size)) // tuning.batch_size) * tuning.epochs[size])


def fine_tune(
    model: tf_keras.Model,
    recipe: Recipe,
    *,
    size: Size,
    seed: int,
    progress: Progress,
    callbacks: Iterable[tf_keras.callbacks.Callback] = (),
) -> None:
    """Continue the training of a tf_keras model, in place, as `recipe.fine_tuning` says.

    Trains with Adam, whose learning rate falls to zero along half a cosine: the model is trained
    already and only has to adapt to the change. What it minimizes is `recipe.loss`; see
    `edgekit.bridge.losses.objective`.

    A recipe of parts answers what its loop makes of the model's outputs, so its loss is given those
    outputs by the names they have in the model: those of the layers they come from, or the keys of
    the dict that it returns.

    Args:
        model: A tf_keras model with the inputs and outputs of the recipe, or of its model.
        recipe: Gives data, loss, epochs, batch size and learning rate.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told the losses after each epoch.
        callbacks: Such as those of tfmot.

    Raises:
        BadInput: The recipe's loss does not fit its outputs or its targets.
    """
    import tf_keras

    tf_keras.utils.set_random_seed(seed)
    tuning, epochs = recipe.fine_tuning, recipe.fine_tuning.epochs[size]
    rate = tf_keras.optimizers.schedules.CosineDecay(tuning.learning_rate, num_steps(recipe, size))
    train, validation = recipe.data("train", size), recipe.data("validation", size)
    names = [tensor.name for tensor in recipe.signature.outputs]
    names = list(model.output_names) if recipe.parts else names
    learner = minimizing(model, objective(recipe, train.targets, names), names)
    learner.compile(optimizer=tf_keras.optimizers.Adam(rate))

    def tell(epoch: int, logs: dict[str, float]) -> None:
        losses = f"loss {logs['loss']:.3f}, validation {logs['val_loss']:.3f}"
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, {losses}")

    learner.fit(
        *_batches(train),
        batch_size=tuning.batch_size,
        epochs=epochs,
        validation_data=_batches(validation),
        callbacks=[*callbacks, tf_keras.callbacks.LambdaCallback(on_epoch_end=tell)],
        verbose=0,
    )


def _batches(data: Dataset) -> tuple[dict[str, Array], Array | dict[str, Array]]:
    """Return inputs and targets in the types tf_keras takes: no other mapping than a dict."""
    targets = data.targets
    return dict(data.inputs), dict(targets) if isinstance(targets, Mapping) else targets
