"""Ten of Keras' applications with random weights that tell one picture from another.

Weights that are drawn and left alone answer every picture nearly alike, and then any file agrees.
So BatchNormalization takes its statistics from real photos (one pass, momentum 0), and the last
layer reads, as a trained one does, the directions in which the features of photos differ most,
scaled so that each of its 1,000 logits has median 0 and a typical deviation of 3 over them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from zoo_models.made import CALIBRATION, FRESH, Made
from zoo_models.real_data import photos

from edgekit.core.types import Array

if TYPE_CHECKING:
    import keras

SETTLING = 64
"""Photos for the statistics; no file is calibrated or judged on them."""

DIRECTIONS = 8
"""Principal components of the features that the last layer reads."""

SIZES = {
    "MobileNet": 96,
    "MobileNetV2": 96,
    "MobileNetV3Small": 128,
    "EfficientNetB0": 96,
    "EfficientNetV2B0": 96,
    "ResNet50V2": 96,
    "DenseNet121": 96,
    "NASNetMobile": 96,
    "Xception": 96,
    "ConvNeXtTiny": 96,
}
"""Name -> height and width in pixels."""

OWN_RANGE = ("MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny")
"""These scale pixels themselves; DenseNet is given -1..1 too, which is near enough to its own."""


def application(name: str) -> Made:
    """Return one application on real photos."""
    import keras

    keras.utils.set_random_seed(1)
    size = SIZES[name]
    pixels = photos(size, SETTLING + CALIBRATION + FRESH).astype(np.float32)
    if name not in OWN_RANGE:
        pixels = pixels / 127.5 - 1
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(size, size, 3))
    _settle(model, pixels[:SETTLING])
    _spread(model, pixels[:SETTLING])
    (output,) = model.output_names
    return Made(
        model=model,
        inputs={model.inputs[0].name: pixels[SETTLING:]},
        kinds={output: "classes"},
    )


def _settle(model: keras.Model, pictures: Array) -> None:
    for layer in model.layers:
        if hasattr(layer, "moving_mean"):
            layer.momentum = 0.0
        if hasattr(layer, "rate"):
            layer.rate = 0.0
    model(pictures, training=True)
    for layer in model.layers:
        if hasattr(layer, "moving_mean"):
            layer.momentum = 0.99


def _spread(model: keras.Model, pictures: Array) -> None:
    import keras

    last = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None][-1]
    features = keras.Model(model.inputs, last.input)(pictures, training=False).numpy()
    kernel, bias = last.get_weights()
    features = features.reshape(len(features), -1)
    middle = np.median(features, 0)
    apart = features - middle
    # Of unit length, so that one odd photo does not set the directions; for the same reason the
    # median, not the standard deviation, sets the scale.
    unit = apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
    directions = np.linalg.svd(unit, full_matrices=False)[2][:DIRECTIONS]
    weights = directions.T @ (directions @ kernel.reshape(-1, kernel.shape[-1]))
    weights *= 3 / np.maximum(1.48 * np.median(np.abs(apart @ weights), 0), 1e-6)
    last.set_weights([weights.reshape(kernel.shape), (bias * 0 - middle @ weights)])


MAKERS: dict[str, Callable[[], Made]] = {name: partial(application, name) for name in SIZES}
