"""Quantization-aware training: the network learns to live with int8 before it is converted.

The forward pass rounds weights and activations as int8 will, and learns their ranges. What tfmot
can round in training is rounded: Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose and
Dense with batch normalization and activation, Add, Concatenate, pooling, reshaping. Any other layer
(Conv1D, Multiply, LayerNormalization, recurrent layers ...) trains in float, and its ranges are
found by calibration at conversion, so converting needs calibration data all the same.

Source: Jacob et al., Quantization and training of neural networks for efficient
integer-arithmetic-only inference, 2017, https://arxiv.org/abs/1712.05877.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from edgekit.bridge.carry import TOLERANCE, to_tf_keras
from edgekit.bridge.fine_tuning import fine_tune, import_tfmot
from edgekit.bridge.graph import graph_of
from edgekit.bridge.holding.holding import hold
from edgekit.bridge.parity import error
from edgekit.bridge.qat_rewriting import is_trainable_activation, rewritten
from edgekit.core.errors import UnsupportedLayer
from edgekit.core.kinds import Optimization, Trait
from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size

if TYPE_CHECKING:
    import keras
    import tf_keras
    from tensorflow_model_optimization.quantization.keras import QuantizeRegistry, QuantizeScheme


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

    flat = rewritten(model)
    if error(model, flat, seed=0) > TOLERANCE:
        raise UnsupportedLayer(
            f"Model '{model.name}' gives other answers once its layers are split for "
            "quantization-aware training; use another variant, such as int8."
        )
    twin = to_tf_keras(flat)
    # tfmot takes a list of inputs and of outputs; training and conversion know them by name.
    quantized, left_alone = _quantized(tf_keras.Model(twin.inputs, twin.outputs, name=twin.name))
    graph, pack = graph_of(flat), keras.tree.pack_sequence_as
    named = tf_keras.Model(
        pack(graph._inputs_struct, quantized.inputs),
        pack(graph._outputs_struct, quantized.outputs),
        name=twin.name,
    )
    progress(0.0, f"in float while training: {', '.join(left_alone) or 'nothing'}")
    hold(named, keep)
    fine_tune(named, recipe, size=size, seed=seed, progress=progress)
    return named


def _quantized(model: tf_keras.Model) -> tuple[tf_keras.Model, list[str]]:
    """Return the model with fake quantization, and the names of layers left without."""
    import tf_keras

    tfmot = import_tfmot().quantization.keras
    scheme = _scheme()
    registry = scheme.get_quantize_registry()
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    chosen = {layer.name for layer in layers if _is_quantizable(layer, registry)}

    def annotate(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        return tfmot.quantize_annotate_layer(layer) if layer.name in chosen else layer

    annotated = tf_keras.models.clone_model(model, clone_function=annotate)
    # Without a prefix, outputs keep the names the recipe knows them by.
    quantized = tfmot.quantize_apply(annotated, scheme, quantized_layer_name_prefix="")
    return quantized, [layer.name for layer in layers if layer.name not in chosen]


def _is_quantizable(layer: tf_keras.layers.Layer, registry: QuantizeRegistry) -> bool:
    if len(layer._inbound_nodes) != 1 or layer.compute_dtype != "float32":
        return False  # tfmot knows one range for a layer, and float32
    if type(layer).__name__ == "BatchNormalization":
        return _folds(layer)
    return bool(registry.supports(layer))


def _scheme() -> QuantizeScheme:
    """Return tfmot's int8 scheme, without the activations it accepts and then fails on."""
    import_tfmot()  # keeps the environment as it is, where the next line would change it
    from tensorflow_model_optimization.quantization.keras import default_8bit

    class Registry(default_8bit.Default8BitQuantizeRegistry):  # type: ignore[misc]  # tfmot has no types
        def supports(self, layer: tf_keras.layers.Layer) -> bool:
            is_activation = type(layer).__name__ == "Activation"
            return super().supports(layer) and (not is_activation or is_trainable_activation(layer))

    class Scheme(default_8bit.Default8BitQuantizeScheme):  # type: ignore[misc]  # tfmot has no types
        def get_quantize_registry(self) -> QuantizeRegistry:
            return Registry()

    return Scheme()


def _folds(norm: tf_keras.layers.BatchNormalization) -> bool:
    """Whether a normalization follows a convolution or Dense layer that feeds nothing else."""
    before = norm._inbound_nodes[0].inbound_layers
    return (
        type(before).__name__ in ("Conv2D", "DepthwiseConv2D", "Dense")
        and before.activation.__name__ == "linear"
        and len(before._inbound_nodes) == len(before._outbound_nodes) == 1
    )


optimization = Optimization(
    precisions=("int8",),
    apply=apply,
    leaves=("learned ranges",),
    keeps=("zeros", "equal weights"),
)
