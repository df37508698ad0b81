"""Quantization-aware training: the network learns to live with int8 before it is converted.

The forward pass rounds weights and activations as int8 will, and learns their ranges. Which layers
it rounds, by tfmot's configuration or by ours, says `edgekit inspect MODEL --qat` before any
training. Any other layer (recurrent ones, Embedding ...) trains in float, and its ranges are found
by calibration at conversion, so converting needs calibration data all the same.

Source: Jacob et al., Quantization and training of neural networks for efficient
integer-arithmetic-only inference, 2017, https://arxiv.org/abs/1712.05877.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from edgekit.bridge.carry import TOLERANCE, to_tf_keras
from edgekit.bridge.fine_tuning import fine_tune
from edgekit.bridge.graph import graph_of
from edgekit.bridge.holding.weight_constraints import hold
from edgekit.bridge.parity import error
from edgekit.bridge.qat.quantizing import quantized
from edgekit.bridge.qat.ranges import begin_with_ranges_of
from edgekit.bridge.qat.rewriting import rewritten
from edgekit.core.errors import UnsupportedLayer
from edgekit.core.kinds import Optimization, Trait
from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size

if TYPE_CHECKING:
    import keras
    import tf_keras


def apply(
    model: keras.Model,
    recipe: Recipe,
    size: Size,
    seed: int,
    progress: Progress,
    *,
    keep: Collection[Trait] = (),
) -> tf_keras.Model:
    """Train with quantization and return a tf_keras model that holds the learned ranges.

    Args:
        model: A trained model; it is not changed.
        recipe: Says how to continue its training.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told which layers train in float, and after each epoch.
        keep: What earlier optimizations left in the kernels, and stays.

    Raises:
        UnsupportedLayer: The model cannot be carried to tf_keras, or rewritten for tfmot.
    """
    import keras
    import tf_keras

    flat = rewritten(model).model
    if error(model, flat, seed=0) > TOLERANCE:
        raise UnsupportedLayer(
            f"Model '{model.name}' gives other answers once its layers are split for "
            "quantization-aware training; use another variant, such as int8."
        )
    twin = to_tf_keras(flat)
    # tfmot takes a list of inputs and of outputs; training and conversion know them by name.
    rounding, chosen = quantized(tf_keras.Model(twin.inputs, twin.outputs, name=twin.name))
    left_alone = [name for name, choice in chosen.items() if not choice.by]
    graph, pack = graph_of(flat), keras.tree.pack_sequence_as
    named = tf_keras.Model(
        pack(graph._inputs_struct, rounding.inputs),
        pack(graph._outputs_struct, rounding.outputs),
        name=twin.name,
    )
    progress(0.0, f"in float while training: {', '.join(left_alone) or 'nothing'}")
    begin_with_ranges_of(named, recipe.data("train", size).inputs)
    hold(named, keep)
    fine_tune(named, recipe, size=size, seed=seed, progress=progress)
    return named


optimization = Optimization(
    precisions=("int8",),
    apply=apply,
    leaves=("learned ranges",),
    keeps=("zeros", "equal weights"),
)
