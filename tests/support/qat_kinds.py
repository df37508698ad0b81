"""Small models, one for each kind of layer that quantization-aware training can meet."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.core.recipe import Dataset, FineTuning, Signature, Tensor
from edgekit.core.types import Array, silent

keras = pytest.importorskip("keras")
if find_spec("tensorflow_model_optimization") is None:  # importing it would change the process
    pytest.skip("needs edgekit-tflite[build]", allow_module_level=True)
layers = keras.layers


def image(make: Callable[[Any], Any]) -> Any:
    """Return a model on 8x8 pictures: a convolution, the layers of `make`, a convolution."""
    x = keras.Input((8, 8, 4), name="x")
    first = layers.Conv2D(4, 3, padding="same", name="first")(x)
    return keras.Model(x, layers.Conv2D(3, 1, name="end")(make(first)))


def steps(make: Callable[[Any], Any]) -> Any:
    """Return a model on 6 steps: a Dense layer, the layers of `make`, a Dense layer."""
    x = keras.Input((6, 8), name="x")
    return keras.Model(x, layers.Dense(3, name="end")(make(layers.Dense(8, name="first")(x))))


def words(make: Callable[[Any], Any]) -> Any:
    """Return a model on 6 whole numbers: the layers of `make`, a Dense layer."""
    x = keras.Input((6,), dtype="int32", name="x")
    return keras.Model(x, layers.Dense(3, name="end")(make(x)))


def _joined(x: Any, count: int) -> Any:
    return layers.Concatenate(name="it")(
        [layers.Conv2D(4, 1, activation="relu", name=f"branch{n}")(x) for n in range(count)]
    )


def _beside(kind: type) -> Callable[[Any], Any]:
    return lambda x: kind(name="it")([x, layers.Conv2D(4, 1, name="beside")(x)])


def _nested(x: Any) -> Any:
    inner = [layers.Conv2D(4, 3, name="it"), layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([keras.Input((8, 8, 4)), *inner], name="inner")(x)


def _normalized(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization(name="norm")(x))


ROUNDED: dict[str, tuple[Callable[[], Any], str]] = {
    "Dense": (lambda: steps(layers.Dense(8, "relu", name="it")), "tfmot"),
    "Conv2D, ReLU as a layer": (
        lambda: image(lambda x: layers.ReLU()(layers.Conv2D(4, 3, name="it")(x))),
        "tfmot",
    ),
    "Conv2D with relu6": (lambda: image(layers.Conv2D(4, 3, activation="relu6", name="it")), ""),
    "BatchNormalization after activation": (
        lambda: image(
            lambda x: layers.BatchNormalization(name="it")(
                layers.Conv2D(8, 3, activation="relu", name="conv")(x)
            )
        ),
        "edgekit",
    ),
    "BatchNormalization after Dense with relu": (
        lambda: steps(
            lambda x: layers.BatchNormalization(name="it")(layers.Dense(8, "relu", name="d")(x))
        ),
        "edgekit",
    ),
    "Concatenate": (lambda: image(lambda x: _joined(x, 2)), "tfmot"),
    "Concatenate of 8": (lambda: image(lambda x: _joined(x, 8)), "tfmot"),
    "Conv2DTranspose": (
        lambda: image(layers.Conv2DTranspose(4, 3, strides=2, activation="relu", name="it")),
        "tfmot",
    ),
    "Conv2DTranspose, normalized": (
        lambda: image(
            lambda x: _normalized(layers.Conv2DTranspose(4, 3, use_bias=False, name="it")(x))
        ),
        "tfmot",
    ),
    "SeparableConv2D": (lambda: image(layers.SeparableConv2D(4, 3, name="it")), "edgekit"),
    "SeparableConv1D": (
        lambda: steps(layers.SeparableConv1D(4, 3, activation="relu", name="it")),
        "edgekit",
    ),
    "Conv1D, normalized": (
        lambda: steps(lambda x: _normalized(layers.Conv1D(4, 3, padding="causal", name="it")(x))),
        "edgekit",
    ),
    "DepthwiseConv1D": (lambda: steps(layers.DepthwiseConv1D(3, strides=2, name="it")), "edgekit"),
    "LayerNormalization": (lambda: steps(layers.LayerNormalization(name="it")), "edgekit"),
    "MultiHeadAttention": (
        lambda: steps(lambda x: layers.MultiHeadAttention(2, 4, name="it")(x, x)),
        "edgekit",
    ),
    "GroupQueryAttention": (
        lambda: steps(lambda x: layers.GroupQueryAttention(4, 4, 2, name="it")(x, x)),
        "edgekit",
    ),
    "UpSampling2D": (lambda: image(layers.UpSampling2D(2, name="it")), "tfmot"),
    "UpSampling2D, bilinear": (
        lambda: image(layers.UpSampling2D(2, interpolation="bilinear", name="it")),
        "tfmot",
    ),
    "UpSampling1D": (lambda: steps(layers.UpSampling1D(2, name="it")), "edgekit"),
    "MaxPooling1D": (lambda: steps(layers.MaxPooling1D(2, name="it")), "edgekit"),
    "EinsumDense": (
        lambda: steps(layers.EinsumDense("abc,cd->abd", (6, 8), bias_axes="d", name="it")),
        "edgekit",
    ),
    "nested model": (lambda: image(_nested), "tfmot"),
    "Multiply": (lambda: image(_beside(layers.Multiply)), "edgekit"),
    "Subtract": (lambda: image(_beside(layers.Subtract)), "edgekit"),
    "Average": (lambda: image(_beside(layers.Average)), "edgekit"),
    "Maximum": (lambda: image(_beside(layers.Maximum)), "edgekit"),
    "Minimum": (lambda: image(_beside(layers.Minimum)), "edgekit"),
    "PReLU": (lambda: image(layers.PReLU(shared_axes=[1, 2], name="it")), "edgekit"),
    "hard_silu": (lambda: image(layers.Activation("hard_silu", name="it")), "edgekit"),
    "a sum by an operator": (lambda: image(lambda x: x + layers.Conv2D(4, 1)(x)), ""),
}
"""Name -> model in which the layer called `it` is rounded, and by whom ("": not asked)."""

IN_FLOAT: dict[str, tuple[Callable[[], Any], str, bool]] = {
    "LSTM": (lambda: steps(layers.LSTM(4, name="it")), "loop", True),
    "Embedding": (lambda: words(layers.Embedding(10, 8, name="it")), "table", True),
    "TimeDistributed": (
        lambda: steps(layers.TimeDistributed(layers.Dense(8), name="it")),
        "inside",
        True,
    ),
    "GroupNormalization": (lambda: image(layers.GroupNormalization(2, name="it")), "float", False),
    "elu": (lambda: image(layers.Activation("elu", name="it")), "'elu'", False),
}
"""Name -> model in which `it` trains in float, a word of the reason, and whether it is int8 in the
file all the same."""


def moved(model: Any) -> Any:
    """Move statistics and scales off the values at which a normalization does nothing."""
    random = np.random.default_rng(5)
    for weight in model.weights:
        if any(word in weight.path for word in ("moving", "gamma", "alpha")):
            weight.assign(weight + random.uniform(0.1, 0.5, weight.shape))
    return model


def examples(model: Any, seed: int) -> Array:
    random, tensor = np.random.default_rng(seed), model.inputs[0]
    shape = (32, *tensor.shape[1:])
    whole = "int" in tensor.dtype
    return (
        random.integers(0, 10, shape, np.int32)
        if whole
        else 4 * random.normal(size=shape).astype("f4")
    )


def trained(model: Any) -> Any:
    """Return the model after a few steps of quantization-aware training on its own answers."""
    from edgekit.optimizations.qat import optimization

    x = examples(model, 0)
    signature = Signature(inputs=(_tensor(model.inputs[0], "x"),), outputs=(_output(model),))
    recipe = SimpleNamespace(
        signature=signature,
        parts=None,
        loss="mean_squared_error",
        data=lambda split, size: Dataset(inputs={"x": x}, targets=np.asarray(model(x))),
        fine_tuning=FineTuning(epochs={"tiny": 2, "full": 2}, batch_size=8, learning_rate=1e-3),
    )
    return optimization.apply(model, recipe, "tiny", 0, silent)


def int8_file(model: Any, source: Any, folder: Path) -> Path:
    """Convert what `trained` returned, and write it as a file."""
    from edgekit.conversion.tf_converter import to_tflite
    from edgekit.source_model.export import export

    signature = Signature(inputs=(_tensor(source.inputs[0], "x"),), outputs=(_output(source),))
    export(model, folder / "saved", signature)
    out = folder / "model.tflite"
    out.write_bytes(
        to_tflite(folder / "saved", precision="int8", examples={"x": examples(source, 0)})
    )
    return out


def _output(model: Any) -> Tensor:
    return _tensor(model.outputs[0], model.output_names[0])


def _tensor(tensor: Any, name: str) -> Tensor:
    return Tensor(name=name, shape=(1, *tensor.shape[1:]), dtype=tensor.dtype)
