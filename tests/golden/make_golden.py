"""Make the tiny models in this folder. Needs TensorFlow; run it from anywhere.

`float32`, `float16`, `int8` and `int16x8` are one small network. Dynamic-range quantization leaves
weights of fewer than 1,024 elements alone, so `dynamic_int8` is a little larger;
`wrong_version` is the same network as other quantizers write it: weights with one scale a channel,
operators with version 1. `pruned` and `sparse` hold the same weights, 75 % zeros, stored densely
and sparsely. `custom`, `flex` and `no_operators` are made of `float32`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from edgekit.tflite.editing import pack, unpack

_FOLDER = Path(__file__).parent
_LIMIT_BYTES = 5_000
_Edit = Callable[[schema.ModelT], None]


def small_network() -> tf.Module:
    """Return convolution, mean, dense and softmax on `(1, 8, 8, 1)` images."""
    random = np.random.default_rng(0)
    filters = random.normal(size=(3, 3, 1, 4)).astype(np.float32)
    matrix = random.normal(size=(4, 3)).astype(np.float32)
    module = tf.Module()

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        features = tf.nn.bias_add(tf.nn.conv2d(image, filters, 1, "SAME"), [0.1, 0.2, 0.3, 0.4])
        pooled = tf.reduce_mean(tf.nn.relu(features), (1, 2))
        scores = tf.nn.bias_add(tf.matmul(pooled, matrix), [0.1, 0.2, 0.3])
        return {"scores": tf.nn.softmax(scores)}

    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 8, 8, 1), name="image")])
    return module


def wide_network() -> tf.Module:
    """Return a convolution and a dense layer of at least 1,024 weights each."""
    random = np.random.default_rng(1)
    filters = random.normal(size=(3, 3, 8, 16)).astype(np.float32)
    matrix = random.normal(size=(64, 16)).astype(np.float32)
    module = tf.Module()

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = tf.nn.relu(tf.nn.conv2d(image, filters, 1, "SAME"))
        return {"scores": tf.matmul(tf.reshape(hidden, (1, 64)), matrix)}

    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 2, 2, 8), name="image")])
    return module


def pruned_network() -> tf.Module:
    """Return a dense layer of which every weight but one in four is zero."""
    random = np.random.default_rng(2)
    matrix = random.normal(size=(32, 16)).astype(np.float32)
    matrix[np.abs(matrix) < np.quantile(np.abs(matrix), 0.75)] = 0.0
    module = tf.Module()

    def serve(features: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.matmul(features, matrix) + tf.range(16.0)}

    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 32), name="features")])
    return module


def loop_network() -> tf.Module:
    """Return a loop that doubles its input until it sums to at least 100."""
    module = tf.Module()

    def serve(start: tf.Tensor) -> dict[str, tf.Tensor]:
        small = lambda values: tf.reduce_sum(values) < 100.0  # noqa: E731
        return {"end": tf.while_loop(small, lambda values: [values * 2.0 + 1.0], [start])[0]}

    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 4), name="start")])
    return module


def dynamic_network() -> tf.Module:
    """Return a dense layer for any number of examples."""
    module = tf.Module()

    def serve(features: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = tf.matmul(features, tf.ones((4, 2)))
        return {"scores": tf.nn.bias_add(scores, [1.0, 2.0])}

    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((None, 4), name="features")])
    return module


def converter(module: tf.Module) -> tf.lite.TFLiteConverter:
    """Return a converter of the module's `serve`, through a SavedModel so that it is signed."""
    folder = tempfile.mkdtemp()  # read again when converting
    tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
    return tf.lite.TFLiteConverter.from_saved_model(folder)


def quantized(module: tf.Module, activations: type[np.signedinteger]) -> bytes:
    """Return the module in full integers, calibrated on noise; inputs and outputs stay float."""
    made = converter(module)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made.representative_dataset = noise
    wide = activations is np.int16
    made.target_spec.supported_ops = [
        tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        if wide
        else tf.lite.OpsSet.TFLITE_BUILTINS_INT8
    ]
    return bytes(made.convert())


def noise() -> Iterator[list[np.ndarray]]:
    """Give images in 0..1."""
    random = np.random.default_rng(3)
    for _ in range(8):
        yield [random.random((1, 8, 8, 1), np.float32)]


def float16(module: tf.Module) -> bytes:
    """Return the module with its weights in float16."""
    made = converter(module)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made.target_spec.supported_types = [tf.float16]
    return bytes(made.convert())


def dynamic(module: tf.Module, *, per_channel_dense: bool) -> bytes:
    """Return the module with int8 weights and float activations."""
    made = converter(module)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel_dense
    return bytes(made.convert())


def sparse(module: tf.Module) -> bytes:
    """Return the module with its zeros left out."""
    made = converter(module)
    made.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    return bytes(made.convert())


def edited(content: bytes, edit: _Edit) -> bytes:
    """Return the file after `edit` has changed its tables."""
    model = unpack(content)
    edit(model)
    return bytes(pack(model))


def set_versions_to_1(model: schema.ModelT) -> None:
    """Claim version 1 of every operator."""
    for code in model.operatorCodes:
        code.version = 1


def replace_softmax(custom_code: str) -> _Edit:
    """Return an edit that calls the softmax by a custom operator's name."""

    def edit(model: schema.ModelT) -> None:
        for code in model.operatorCodes:
            if code.builtinCode == schema.BuiltinOperator.SOFTMAX:
                code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
                code.customCode = custom_code.encode()
        last = model.subgraphs[0].operators[-1]
        last.builtinOptionsType, last.builtinOptions = 0, None

    return edit


def remove_operators(model: schema.ModelT) -> None:
    """Hand the input back as the output."""
    subgraph = model.subgraphs[0]
    subgraph.operators, model.operatorCodes = [], []
    subgraph.outputs = subgraph.inputs
    model.signatureDefs[0].outputs[0].tensorIndex = int(subgraph.inputs[0])


def models() -> Iterator[tuple[str, bytes]]:
    """Give name and content of every golden model."""
    small, wide, pruned = small_network(), wide_network(), pruned_network()
    plain = bytes(converter(small).convert())
    yield "float32", plain
    yield "float16", float16(small)
    yield "int8", quantized(small, np.int8)
    yield "int16x8", quantized(small, np.int16)
    yield "dynamic_int8", dynamic(wide, per_channel_dense=False)
    yield "wrong_version", edited(dynamic(wide, per_channel_dense=True), set_versions_to_1)
    yield "pruned", bytes(converter(pruned).convert())
    yield "sparse", sparse(pruned)
    yield "loop", bytes(converter(loop_network()).convert())
    yield "dynamic_shape", bytes(converter(dynamic_network()).convert())
    yield "custom", edited(plain, replace_softmax("Mystery"))
    yield "flex", edited(plain, replace_softmax("FlexErf"))
    yield "no_operators", edited(plain, remove_operators)


def main() -> None:
    """Write all models beside this file."""
    for name, content in models():
        if len(content) >= _LIMIT_BYTES:
            raise SystemExit(f"{name} has {len(content)} bytes; a golden model has under 5,000.")
        (_FOLDER / f"{name}.tflite").write_bytes(content)
        print(f"{name:15} {len(content):5} bytes")


if __name__ == "__main__":
    main()
