"""Put the rounding of quantization-aware training into a tf_keras model, by tfmot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgekit.bridge.fine_tuning import import_tfmot
from edgekit.bridge.layers import PARTS
from edgekit.bridge.own.registering import Rounds
from edgekit.bridge.qat.choosing import Choice, choices
from edgekit.bridge.qat.configs import config_of
from edgekit.bridge.qat.kinds import ATTENTION, KERNEL
from edgekit.bridge.qat.rewriting import is_trainable_activation
from edgekit.core.errors import UnsupportedLayer, reason

if TYPE_CHECKING:
    import tf_keras
    from tensorflow_model_optimization.quantization.keras import QuantizeRegistry, QuantizeScheme

_PROJECTION = Rounds(weights=KERNEL[0], activations=KERNEL[1])


def quantized(model: tf_keras.Model) -> tuple[tf_keras.Model, Mapping[str, Choice]]:
    """Return the model with fake quantization, and what was chosen for each layer.

    Args:
        model: A functional tf_keras model without nested ones; its inputs and outputs are lists.

    Raises:
        UnsupportedLayer: No layer of it can be rounded, or tfmot fails on one.
    """
    import tf_keras

    chosen = choices(model)
    wrapped = {
        name: choice
        for name, choice in chosen.items()
        if choice.by and type(model.get_layer(name)).__name__ not in ATTENTION
    }
    if not any(choice.by for choice in chosen.values()):
        raise _refusal(model, chosen)
    tfmot = import_tfmot().quantization.keras

    def annotate(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if layer.name not in wrapped:
            return layer
        choice = wrapped[layer.name]
        config = config_of(choice.rounds) if choice.by == "edgekit" else None
        return tfmot.quantize_annotate_layer(layer, config)

    if wrapped:
        try:
            annotated = tf_keras.models.clone_model(model, clone_function=annotate)
            # Without a prefix, outputs keep the names the recipe knows them by.
            model = tfmot.quantize_apply(annotated, _scheme(), quantized_layer_name_prefix="")
        except Exception as error:  # whatever tfmot raises while it wraps a layer
            raise _failure(model, wrapped, error) from error
    for layer in model.layers:
        if type(layer).__name__ in ATTENTION and chosen[layer.name].by:
            _round_projections(layer)
    return model, chosen


def _round_projections(layer: tf_keras.layers.Layer) -> None:
    """Put tfmot's wrappers around the layers inside an attention layer.

    It cannot wrap the layer itself, which takes several tensors and has no weights of its own.
    """
    from tensorflow_model_optimization.python.core.quantization.keras import quantize_wrapper

    for attribute in PARTS[type(layer).__name__]:
        part = getattr(layer, attribute)
        if part is not None:
            wrapper = quantize_wrapper.QuantizeWrapperV2(
                part, config_of(_PROJECTION), name_prefix=""
            )
            wrapper.build(None)
            setattr(layer, attribute, wrapper)


def _scheme() -> QuantizeScheme:
    """Return tfmot's int8 scheme, with the kernels that it forgets.

    It accepts activations that it then fails on; they are taken out of its registry. Where a ReLU
    layer follows a convolution or Dense layer, tfmot 0.8.1 rounds neither the output between them,
    which is right, nor the kernel.
    """
    import_tfmot()  # keeps the environment as it is, where the next line would change it
    from tensorflow_model_optimization.python.core.quantization.keras import default_8bit as tf8

    configs = tf8.default_8bit_quantize_configs

    class Registry(tf8.default_8bit_quantize_registry.Default8BitQuantizeRegistry):  # type: ignore[misc]  # tfmot has no types
        def supports(self, layer: tf_keras.layers.Layer) -> bool:
            is_activation = type(layer).__name__ == "Activation"
            return super().supports(layer) and (not is_activation or is_trainable_activation(layer))

    registry = Registry()

    class Transform(tf8.default_8bit_quantize_layout_transform.Default8BitQuantizeLayoutTransform):  # type: ignore[misc]  # tfmot has no types
        def apply(
            self, model: tf_keras.Model, layer_quantize_map: dict[str, dict[str, object]]
        ) -> tuple[tf_keras.Model, dict[str, dict[str, object]]]:
            model, found = super().apply(model, layer_quantize_map)
            for layer in model.layers:
                config = found.get(layer.name, {}).get("quantize_config")
                if isinstance(config, configs.NoOpQuantizeConfig) and registry.supports(layer):
                    usual = registry.get_quantize_config(layer)
                    if getattr(usual, "weight_attrs", ()):
                        kernel = type(usual)(usual.weight_attrs, [], False)
                        found[layer.name]["quantize_config"] = kernel
            return model, found

    class Scheme(tf8.default_8bit_quantize_scheme.Default8BitQuantizeScheme):  # type: ignore[misc]  # tfmot has no types
        def get_layout_transformer(self) -> Transform:
            return Transform()

        def get_quantize_registry(self) -> QuantizeRegistry:
            return registry

    return Scheme()


def _refusal(model: tf_keras.Model, chosen: Mapping[str, Choice]) -> UnsupportedLayer:
    name, choice = next(iter(chosen.items()), ("", None))
    first = f" (the first, '{name}': {choice.reason})" if choice else ""
    return UnsupportedLayer(
        f"Model '{model.name}' has no layer that quantization-aware training can round{first}. "
        "Layers such as Conv2D, Dense and Add can be; use another variant, such as int8, or give "
        "a layer of your own to edgekit.register_qat."
    )


def _failure(
    model: tf_keras.Model, wrapped: Mapping[str, Choice], error: Exception
) -> UnsupportedLayer:
    """Return the error that names the layer that tfmot fails on, found by trying each alone."""
    import tf_keras

    tfmot = import_tfmot().quantization.keras
    for name, choice in wrapped.items():
        layer = model.get_layer(name)
        config = config_of(choice.rounds) if choice.by == "edgekit" else None
        inputs = _inputs_like(layer)
        try:
            copy = type(layer).from_config(layer.get_config())
            outputs = tfmot.quantize_annotate_layer(copy, config)(inputs)
            tfmot.quantize_apply(tf_keras.Model(inputs, outputs), _scheme())
        except Exception as own:  # the same, of this layer
            kind = type(getattr(layer, "copy", layer)).__name__  # of a class of the user's own
            return _cannot(f"Layer '{name}' ({kind})", own)
    return _cannot(f"Model '{model.name}'", error)


def _inputs_like(layer: tf_keras.layers.Layer) -> object:
    import tensorflow as tf
    import tf_keras

    return tf.nest.map_structure(
        lambda tensor: tf_keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype),
        layer._inbound_nodes[0].input_tensors,
    )


def _cannot(what: str, error: Exception) -> UnsupportedLayer:
    return UnsupportedLayer(
        f"{what} cannot be trained with quantization: tfmot {reason(error)}. Use another variant, "
        "such as int8, or replace it."
    )
