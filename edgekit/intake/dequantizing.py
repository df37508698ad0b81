"""Make a model that Keras quantized itself a float model again, which every precision starts from.

Keras 3's `model.quantize` keeps weights as integers with their scales, and computes in a way of its
own: products of int8, or weights made float in every call. TFLite has no operator for the first,
and the second would be frozen into the file. The weights that come out of here are exactly those
Keras computes with; only its rounding of activations, made anew for every call, is left out.

Source: Keras 3.15, keras/src/layers/core (`_get_kernel_with_merged_lora`, `_gptq_call`,
`_awq_call`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.core.errors import UnsupportedLayer
from edgekit.source_model.interface import SavedModel, SourceModel, is_tf_keras, nested_layers

if TYPE_CHECKING:
    import keras

_SCALING = (
    *("kernel_scale", "kernel_zero", "g_idx", "awq_scales", "quantized_kernel"),
    *("embeddings_scale", "embeddings_zero", "reverse_embeddings_scale", "reverse_embeddings_zero"),
    *("inputs_scale", "inputs_amax_history", "kernel_amax_history"),
    *("outputs_grad_scale", "outputs_grad_amax_history"),
)
"""Variables that a layer has only while it is quantized."""


def dequantized(model: SourceModel) -> tuple[SourceModel, str]:
    """Return a Keras model whose quantized layers are float again, and a sentence if it had any.

    The layers are changed in place: pass a model that was loaded for this purpose.

    Raises:
        UnsupportedLayer: A layer is quantized that is not one of Keras' own, or has LoRA weights.
    """
    if isinstance(model, SavedModel) or is_tf_keras(model):
        return model, ""
    layers = {id(layer): layer for layer in nested_layers(model)}.values()
    quantized = [layer for layer in layers if layer.quantization_mode]
    for layer in quantized:
        _dequantize(layer)
    for layer in layers:
        if hasattr(layer.dtype_policy, "default_policy"):  # one policy for each layer inside
            layer._dtype_policy = layer.dtype_policy.default_policy
    if not quantized:
        return model, ""
    names = ", ".join(f"'{layer.name}'" for layer in quantized[:3])
    more = f" and {len(quantized) - 3} more" if len(quantized) > 3 else ""
    return model, (
        f"Keras had quantized the model itself (model.quantize): {names}{more}. Their weights are "
        "float again, with the rounding that Keras gave them, and that is what the file is compared"
        " with. The model as it was before converts with less error."
    )


def _dequantize(layer: keras.Layer) -> None:
    import keras

    kinds = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Embedding)
    if not isinstance(layer, kinds) or getattr(layer, "lora_enabled", False):
        raise UnsupportedLayer(
            f"Layer '{layer.name}' ({type(layer).__name__}) was quantized by Keras "
            f"({layer.quantization_mode}), and edgekit can make only Dense, EinsumDense and "
            "Embedding without LoRA float again. Convert the model as it was before "
            "model.quantize, with --precision int8 or dynamic_int8."
        )
    weights = {}
    if not isinstance(layer, keras.layers.Embedding):
        weights["_kernel"] = _kernel(layer)
    else:
        weights["_embeddings"] = _embeddings(layer)
        if not getattr(layer, "tie_weights", True):
            weights["reverse_embeddings"] = _reverse_embeddings(layer)
    bias = vars(layer).get("bias")
    for attribute in (*weights, *_SCALING, "bias"):
        variable = vars(layer).get(attribute)
        if variable is not None:
            layer._untrack_variable(variable)
            del vars(layer)[attribute]  # `delattr` collects garbage each time
    policy = keras.dtype_policies.get(layer.dtype_policy._source_name)
    layer._dtype_policy = policy
    layer.quantization_config, layer._is_quantized = None, False
    layer._tracker.unlock()
    for attribute, value in weights.items():
        name = attribute.removeprefix("_")
        variable = layer.add_weight(name=name, shape=value.shape, dtype=policy.variable_dtype)
        variable.assign(value)
        setattr(layer, attribute, variable)
    if bias is not None:  # comes after the kernel in a list of the weights
        layer._track_variable(bias)
        layer.bias = bias
    layer._tracker.lock()


def _kernel(layer: keras.layers.Dense | keras.layers.EinsumDense) -> keras.KerasTensor:
    """Return the kernel of a Dense or EinsumDense in float."""
    from keras import ops
    from keras.src.quantizers.quantizers import dequantize_with_sz_map, unpack_int4

    mode = layer.quantization_mode
    if mode in ("gptq", "awq") and getattr(layer, f"is_{mode}_calibrated"):
        columns = getattr(layer, "units", None) or getattr(layer, f"{mode}_unpacked_column_size")
        packed = layer.quantized_kernel
        if mode == "awq" or packed.shape[0] != columns:
            packed = unpack_int4(packed, orig_len=columns, axis=0, dtype="uint8")
        scaling = layer.kernel_scale, layer.kernel_zero, layer.g_idx
        kernel = ops.transpose(dequantize_with_sz_map(packed, *scaling))
        if mode == "awq":
            kernel = kernel / ops.expand_dims(layer.awq_scales, -1)
        return ops.reshape(kernel, getattr(layer, "original_kernel_shape", kernel.shape))
    if mode == "int8":
        adjusted = getattr(layer, "_adjust_scale_for_dequant", lambda scale: scale)
        return ops.cast(layer._kernel, "float32") / adjusted(layer.kernel_scale)
    if mode == "int4":
        columns = getattr(layer, "_int4_unpacked_column_size", None) or layer._orig_output_dim
        kernel = _of_int4(layer._kernel, columns, layer, "kernel")
        return ops.reshape(kernel, getattr(layer, "original_kernel_shape", kernel.shape))
    return ops.convert_to_tensor(layer._kernel)  # float8, or not calibrated: it is float


def _embeddings(layer: keras.layers.Embedding) -> keras.KerasTensor:
    from keras import ops

    if layer.quantization_mode == "int8":
        return ops.cast(layer._embeddings, "float32") / ops.expand_dims(layer.embeddings_scale, -1)
    if layer.quantization_mode != "int4":
        return ops.convert_to_tensor(layer._embeddings)
    return _of_int4(layer._embeddings, layer._orig_output_dim, layer, "embeddings", axis=-1)


def _reverse_embeddings(layer: keras.layers.ReversibleEmbedding) -> keras.KerasTensor:
    from keras import ops
    from keras.src.quantizers.quantizers import unpack_int4

    if layer.quantization_mode not in ("int8", "int4"):
        return ops.convert_to_tensor(layer.reverse_embeddings)
    integers = layer.reverse_embeddings
    if layer.quantization_mode == "int4":
        integers = unpack_int4(integers, layer.output_dim, axis=0)
    return _scaled(integers, layer, "reverse_embeddings", axis=0)


def _of_int4(
    packed: keras.Variable, columns: int, layer: keras.Layer, name: str, *, axis: int = 0
) -> keras.KerasTensor:
    """Return what is packed two numbers to a byte, in float."""
    from keras.src.quantizers.quantizers import unpack_int4

    return _scaled(unpack_int4(packed, columns, axis=-1), layer, name, axis=axis)


def _scaled(
    integers: keras.KerasTensor, layer: keras.Layer, name: str, *, axis: int
) -> keras.KerasTensor:
    """Return integers times their scales: one for each unit, or for each group along an axis."""
    from keras import ops
    from keras.src.quantizers.quantizers import dequantize_with_sz_map

    scale = ops.convert_to_tensor(getattr(layer, f"{name}_scale"))
    zero = getattr(layer, f"{name}_zero", None)
    numbers = ops.cast(integers, "float32")
    if zero is not None:
        return dequantize_with_sz_map(numbers, scale, zero, layer.g_idx, group_axis=axis)
    return numbers / (ops.expand_dims(scale, -1) if axis == -1 else scale)
