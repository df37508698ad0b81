"""Pruning with tfmot: training continues while the smallest weights of each kernel become zero."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgekit.bridge.carry import to_keras, to_tf_keras
from edgekit.bridge.fine_tuning import (
    fine_tune,
    import_tfmot,
    kernel_sizes,
    kernels,
    num_steps,
    summary,
    wrap_layers,
)
from edgekit.bridge.graph import layers_of
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size
from edgekit.core.variant import Precision

if TYPE_CHECKING:
    import keras
    import tf_keras

    from edgekit.bridge.fine_tuning import KernelSizes

PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "dynamic_int8", "int8", "int16x8")
"""Zero stays zero in every type, so pruning goes with all of them."""

UNPRUNED_SHARE = 0.02
"""Share of the kernels' weights that are not pruned, in the smallest layers.

First, last and shortcut layers are among them: pruning them saves next to nothing and costs much
accuracy. On `image_cnn` (seed 0, 6 epochs), pruning them too took test accuracy from 93.0 to
92.1 %.
"""

LEARNING_RATE_FACTOR = 5
"""Pruning needs a higher learning rate than `Recipe.fine_tuning` says, to recover what it lost."""

RAMP_SHARE = 0.5
"""Share of the training during which sparsity rises; in the rest, the model recovers."""

NUM_MASK_UPDATES = 50
"""How often tfmot chooses again which weights are zero."""

PATTERN_LAYERS = ("Dense", "Conv2D", "SeparableConv2D")
"""Layers whose kernels tfmot can prune two in four along the input axis."""


def prune_gradually(
    model: keras.Model,
    recipe: Recipe,
    size: Size,
    seed: int,
    progress: Progress,
    *,
    sparsity: float,
    block: float = 1,
) -> keras.Model:
    """Set the smallest weights to zero, more and more of them along a cubic schedule.

    Kernels of Dense, Conv*, SeparableConv* (the pointwise part), Embedding, recurrent, attention
    and EinsumDense layers are pruned, all to the same sparsity. The smallest layers are not pruned
    (see `UNPRUNED_SHARE`); the others make up for them. Depthwise kernels, biases and
    normalizations are never touched: see `edgekit.bridge.fine_tuning.KERNELS`.

    Args:
        model: A trained model; it is not changed.
        recipe: Says how to continue its training.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told which layers are pruned, and after each epoch.
        sparsity: Share of zeros among the weights of all kernels, above 0 and below 1.
        block: How many weights along the input axis become zero together, by their mean magnitude.
            They are neighbours in a `.tflite`, so that it compresses better; the network loses
            more. The last block of an axis may be shorter.

    Raises:
        BadInput: `sparsity` or `block` is out of range.

    Source: Zhu & Gupta, To prune, or not to prune, 2017, https://arxiv.org/abs/1710.01878; blocks:
    Narang et al., Block-sparse recurrent neural networks, 2017, https://arxiv.org/abs/1711.02782.
    """
    check(sparsity=sparsity, block=block)
    twin = to_tf_keras(model)
    sizes = kernel_sizes(twin)
    chosen = _all_but_the_smallest(sizes)
    steps = num_steps(recipe, size)
    frequency = max(1, round(RAMP_SHARE * steps / NUM_MASK_UPDATES))
    schedule = import_tfmot().sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=min(sparsity * sum(sizes.values()) / sum(chosen.values()), 0.99),
        begin_step=0,
        # A whole number of updates, so that the last one reaches the target.
        end_step=frequency * max(1, round(RAMP_SHARE * steps / frequency)),
        frequency=frequency,
    )
    progress(0.0, summary("pruning", chosen, sizes))
    pruned = _pruned(
        twin, chosen, recipe, size, seed, progress, block=int(block), pruning_schedule=schedule
    )
    return to_keras(pruned, like=model)


def check(*, sparsity: float, block: float = 1) -> None:
    """Refuse a share of zeros that is none, and a block of no weights.

    Raises:
        BadInput: `sparsity` is not above 0 and below 1, or `block` no whole number from 1 on.
    """
    if block < 1 or block != int(block):
        raise BadInput(
            f"Blocks of {block:g} weights were asked for; give a whole number from 1 on, such as 4."
        )
    if not 0 < sparsity < 1:
        raise BadInput(
            f"A sparsity of {sparsity:g} was asked for; it is the share of zeros, above 0 and "
            "below 1, such as 0.75."
        )


def prune_two_in_four(
    model: keras.Model, recipe: Recipe, size: Size, seed: int, progress: Progress
) -> keras.Model:
    """Set two of every four weights along the input axis to zero, from the first step on.

    Only in Dense, Conv2D and SeparableConv2D (pointwise) kernels: there tfmot's pattern runs along
    the inputs, as sparse matrix units want it. Groups of four are counted from the first input
    channel; where fewer than four are left at the end, two of them stay.

    Args:
        model: A trained model; it is not changed.
        recipe: Says how to continue its training.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told which layers are pruned, and after each epoch.

    Source: Mishra et al., Accelerating sparse deep neural networks, 2021,
    https://arxiv.org/abs/2104.08378.
    """
    twin = to_tf_keras(model)
    sizes = kernel_sizes(twin)
    chosen = {layer: n for layer, n in sizes.items() if type(layer).__name__ in PATTERN_LAYERS}
    frequency = max(1, num_steps(recipe, size) // NUM_MASK_UPDATES)
    schedule = import_tfmot().sparsity.keras.ConstantSparsity(
        0.5, begin_step=0, frequency=frequency
    )
    progress(0.0, summary("pruning", chosen, sizes))
    pruned = _pruned(
        twin,
        chosen,
        recipe,
        size,
        seed,
        progress,
        pruning_schedule=schedule,
        sparsity_m_by_n=(2, 4),
    )
    return to_keras(pruned, like=model)


def _all_but_the_smallest(sizes: KernelSizes) -> KernelSizes:
    """Leave out the smallest layers that together hold at most `UNPRUNED_SHARE` of the weights."""
    chosen, left = dict(sizes), UNPRUNED_SHARE * sum(sizes.values())
    for layer in sorted(sizes, key=sizes.__getitem__):
        left -= sizes[layer]
        if left < 0:
            break
        del chosen[layer]
    return chosen


def _pruned(
    twin: tf_keras.Model,
    chosen: Collection[tf_keras.layers.Layer],
    recipe: Recipe,
    size: Size,
    seed: int,
    progress: Progress,
    *,
    block: int = 1,
    **wrapper_options: object,
) -> tf_keras.Model:
    """Train a model with tfmot's pruning wrappers around the chosen layers, and strip them."""
    tfmot = import_tfmot().sparsity.keras

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if layer not in chosen:
            return layer
        own = kernels(layer)
        layer.get_prunable_weights = lambda: own  # tfmot asks a layer for its kernels
        return tfmot.prune_low_magnitude(layer, **wrapper_options)

    model = wrap_layers(twin, wrap)
    if block > 1:
        _choose_blocks(model, block)
    rate = LEARNING_RATE_FACTOR * recipe.fine_tuning.learning_rate
    recipe = replace(recipe, fine_tuning=replace(recipe.fine_tuning, learning_rate=rate))
    callbacks = [tfmot.UpdatePruningStep()]
    fine_tune(model, recipe, size=size, seed=seed, progress=progress, callbacks=callbacks)
    return tfmot.strip_pruning(model)


def _choose_blocks(model: tf_keras.Model, block: int) -> None:
    """Make tfmot's wrappers choose blocks along the input axis, in place.

    tfmot 0.8.1 has blocks of its own, for kernels of two axes only; here those of convolutions have
    them too. Which blocks are zero is still chosen by tfmot, among their means.
    """
    import tensorflow as tf

    def choose_blocks(pruning: Any) -> None:
        choose = pruning._update_mask

        def chosen(kernel: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            depth = kernel.shape[-2]
            blocks = [tf.abs(kernel[..., k : k + block, :]) for k in range(0, depth, block)]
            means = tf.concat([tf.reduce_mean(b, axis=-2, keepdims=True) for b in blocks], axis=-2)
            threshold, mask = choose(means)
            return threshold, tf.repeat(mask, block, axis=-2)[..., :depth, :]

        pruning._update_mask = chosen

    for layer in layers_of(model):
        if hasattr(layer, "pruning_obj"):
            choose_blocks(layer.pruning_obj)
