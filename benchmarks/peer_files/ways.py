"""Write one `.tflite` as others do, from the same Keras model and the same calibration examples.

Every file is wanted as edgekit writes it, so that it does the same work: static precisions take and
give integers. `write` runs in a child process, since some ways crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.errors import Unavailable
from edgekit.core.types import Array
from edgekit.core.variant import CALIBRATED, Precision
from edgekit.source_model.golden_vectors import read_arrays

if TYPE_CHECKING:
    import keras

INSTALL = "ai-edge-quantizer is not installed: pip install 'edgekit-tflite[int4]'"


@dataclass(frozen=True, kw_only=True)
class Order:
    """A file to write.

    Attributes:
        precision: Of the file.
        source: The Keras model.
        calibration: Examples that ranges are taken from.
        float32: `.tflite` of TensorFlow's converter, for what quantizes a file.
        out: Where to.
    """

    precision: Precision
    source: Path
    calibration: Path
    float32: Path
    out: Path


def write(way: str, order: Order) -> None:
    """Write a file.

    Raises:
        Unavailable: The way's package is not installed.
        Exception: Whatever the way raises.
    """
    WAYS[way](order)


def settings(order: Order) -> dict[str, object]:
    """Return what TensorFlow's guide sets on a converter for a precision.

    Source: https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_quantization
    """
    import tensorflow as tf

    if order.precision == "float32":
        return {}
    chosen: dict[str, object] = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if order.precision == "float16":
        chosen["target_spec"] = {"supported_types": [tf.float16]}
    if order.precision in CALIBRATED:
        chosen["representative_dataset"] = lambda: _one_by_one(read_arrays(order.calibration))
        sets, dtype = tf.lite.OpsSet, tf.int8
        allowed = sets.TFLITE_BUILTINS_INT8
        if order.precision == "int16x8":
            allowed = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
            dtype = tf.int16
        chosen["target_spec"] = {"supported_ops": [allowed]}
        chosen["inference_input_type"] = chosen["inference_output_type"] = dtype
    return chosen


def from_keras_model(order: Order) -> None:
    """`TFLiteConverter.from_keras_model`; the file has a free batch if the model has."""
    import keras

    _convert(keras.models.load_model(order.source), order)


def from_keras_model_batch_1(order: Order) -> None:
    """The same, after its user has found out that the batch should be fixed."""
    import keras

    model = keras.models.load_model(order.source)

    def input_like(free: keras.KerasTensor) -> keras.KerasTensor:
        shape = (1, *free.shape[1:])
        return keras.Input(batch_shape=shape, dtype=free.dtype, name=free.name)

    inputs = keras.tree.map_structure(input_like, model.input)
    fixed = keras.models.clone_model(model, input_tensors=inputs)
    fixed.set_weights(model.get_weights())
    _convert(fixed, order)


def keras_export(order: Order) -> None:
    """Keras' own `model.export(format="litert")`, with the same settings."""
    import keras

    model = keras.models.load_model(order.source)
    model.export(str(order.out), format="litert", verbose=False, **settings(order))


def ai_edge_quantizer(order: Order) -> None:
    """Google's quantizer of float files, with its recipe for the precision."""
    try:
        from ai_edge_quantizer import quantizer, recipe
    except ImportError as error:
        raise Unavailable(INSTALL) from error
    recipes: Mapping[str, Callable[[], object]] = {
        "float16": _float16,
        "dynamic_int8": recipe.dynamic_wi8_afp32,
        "int8": recipe.static_wi8_ai8,
        "int16x8": recipe.static_wi8_ai16,
    }
    quantized = quantizer.Quantizer(str(order.float32))
    quantized.load_quantization_recipe(recipes[order.precision]())
    ranges = None
    if order.precision in CALIBRATED:
        examples = list(_one_by_one(read_arrays(order.calibration)))
        ranges = quantized.calibrate({"serving_default": examples}, num_threads=1)
    order.out.write_bytes(quantized.quantize(ranges).quantized_model)


WAYS: Mapping[str, Callable[[Order], None]] = {
    "TFLiteConverter": from_keras_model,
    "TFLiteConverter, batch 1": from_keras_model_batch_1,
    "Keras export": keras_export,
    "ai-edge-quantizer": ai_edge_quantizer,
}


def _convert(model: keras.Model, order: Order) -> None:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    chosen = settings(order)
    target: object = chosen.pop("target_spec", {})
    assert isinstance(target, dict)
    for name, value in target.items():
        setattr(converter.target_spec, name, value)
    for name, value in chosen.items():
        setattr(converter, name, value)
    order.out.write_bytes(converter.convert())


def _float16() -> object:
    from ai_edge_quantizer import qtyping, recipe_manager

    manager = recipe_manager.RecipeManager()
    weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    manager.add_quantization_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=weights,
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        ),
        algorithm_key="float_casting",
    )
    return manager.get_quantization_recipe()


def _one_by_one(examples: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    for k in range(len(next(iter(examples.values())))):
        yield {name: array[k : k + 1] for name, array in examples.items()}
