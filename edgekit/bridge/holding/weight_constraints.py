"""Zeros stay zeros, and equal weights equal, while a pruned or clustered model is trained on.

tfmot 0.8.1 has schemes of its own for that, and they do not serve: they refuse every layer with
weights but Conv2D, Dense and DepthwiseConv2D; one layer without zeros, such as those that pruning
leaves alone, makes the scheme for clusters forget the zeros of all that follow; layers that train
in float are not held at all; and each channel of a convolution has its own step, so that 16 values
become up to 255 in the file. Here every kernel is held, by a constraint after each step of the
optimizer (projected gradient descent: the mean is the nearest point where weights are equal).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgekit.bridge.fine_tuning import kernels
from edgekit.bridge.graph import is_linear, is_passed_once, layers_of
from edgekit.core.kinds import Trait
from edgekit.core.types import Array

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

    Constraint = Callable[[tf.Tensor], tf.Tensor]

BEFORE_NORM = ("Conv1D", "Conv2D", "Dense", "SeparableConv1D", "SeparableConv2D")
"""Layers into whose kernel a normalization after them is folded, along its last axis."""

LEAST_GAMMA = 1e-3
"""A normalization's factor stays above that: at 0 a folded channel would have no step."""


def hold(model: tf_keras.Model, keep: Collection[Trait]) -> None:
    """Make training keep what is in the kernels of a tf_keras model now, in place.

    Args:
        model: That is trained next, tfmot's wrappers included.
        keep: "zeros": weights that are zero stay zero. "equal weights": so do those, and weights of
            one kernel that are equal stay equal. Nothing else has an effect.
    """
    if not {"zeros", "equal weights"} & set(keep):
        return
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            _constrain(variable, _held(variable.numpy(), are_tied="equal weights" in keep))
    if "equal weights" in keep:
        keep_signs(model)
        for layer in layers_of(model):
            if hasattr(layer, "_weight_vars"):
                _share_steps(layer)


def keep_signs(model: tf_keras.Model) -> None:
    """Keep the factors of each normalization above zero in which all of them are.

    A channel whose factor is below zero is stored with its weights turned, so that a kernel would
    hold its values and their opposites.
    """
    import tensorflow as tf

    for layer in layers_of(model):
        norm = getattr(layer, "layer", layer)
        is_norm = type(norm).__name__ == "BatchNormalization" and norm.scale
        if is_norm and np.all(norm.gamma.numpy() > 0):
            _constrain(norm.gamma, lambda gamma: tf.maximum(gamma, LEAST_GAMMA))


def turn_channels(model: tf_keras.Model) -> None:
    """Make all factors of normalizations positive, by turning channels before them, in place.

    The model answers as before. Only normalizations are changed that follow a layer of
    `BEFORE_NORM` which feeds nothing else.
    """
    for norm in layers_of(model):
        before = _folded_into(norm)
        if before is None:
            continue
        sign = np.where(norm.gamma.numpy() < 0, -1.0, 1.0).astype("float32")
        for weight in (kernels(before)[-1], before.bias, norm.gamma, norm.moving_mean):
            if weight is not None:
                weight.assign(weight.numpy() * sign)


def _share_steps(wrapper: tf_keras.layers.Layer) -> None:
    """Make tfmot round a kernel of equal weights in the same steps in all channels.

    The range is still stored for each channel, since the converter then folds a normalization into
    the steps, and leaves the int8 values as they are. With a single range it folds it into the
    weights, and rounds them again.
    """
    if "Transpose" in type(wrapper.layer).__name__:  # its channels are not the last axis
        return
    for index, (weight, _, ranges) in enumerate(wrapper._weight_vars):
        values = weight.numpy()
        has_channels = ranges["min_var"].shape == weight.shape[-1:]
        if has_channels and 2 * len(np.unique(values)) <= values.size:
            wrapper._weight_vars[index] = (weight, _rounded, ranges)


def _rounded(
    inputs: tf.Tensor, training: bool, weights: Mapping[str, tf.Variable], **_: object
) -> tf.Tensor:
    """Round a kernel to int8 with one step; stands for a quantizer of tfmot."""
    import tensorflow as tf

    low, high = weights["min_var"], weights["max_var"]
    if training:
        limit = tf.reduce_max(tf.abs(inputs))
        low.assign(tf.fill(low.shape, -limit))
        high.assign(tf.fill(high.shape, limit))
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        inputs, low, high, num_bits=8, narrow_range=True
    )


def _held(values: Array, *, are_tied: bool) -> Constraint | None:
    """Return what keeps the weights of a kernel as they are told; None if there is nothing."""
    import tensorflow as tf

    found, groups = np.unique(values, return_inverse=True)
    is_zero = values == 0
    count = len(found)
    if are_tied and count < values.size:
        indices = tf.constant(groups.reshape(-1), tf.int32)
        free = tf.constant(found != 0, values.dtype)

        def tie(kernel: tf.Tensor) -> tf.Tensor:
            means = tf.math.unsorted_segment_mean(tf.reshape(kernel, [-1]), indices, count)
            return tf.reshape(tf.gather(means * free, indices), kernel.shape)

        return tie
    mask = tf.constant(~is_zero, values.dtype)
    return (lambda kernel: kernel * mask) if is_zero.any() else None


def _constrain(variable: tf.Variable, constraint: Constraint | None) -> None:
    """Add a constraint to a variable's own, which it has from its layer and comes first."""
    own = variable.constraint
    if constraint is not None:
        variable._constraint = (lambda x: constraint(own(x))) if own else constraint


def _folded_into(norm: tf_keras.layers.Layer) -> tf_keras.layers.Layer | None:
    if type(norm).__name__ != "BatchNormalization" or not norm.scale:
        return None
    if len(norm._inbound_nodes) != 1:
        return None
    before = norm._inbound_nodes[0].inbound_layers
    is_kernel = type(before).__name__ in BEFORE_NORM
    return before if is_kernel and is_linear(before) and is_passed_once(before) else None
