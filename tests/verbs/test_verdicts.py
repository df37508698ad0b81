"""What is delivered as verified answers as Keras does: a classifier, boxes beside scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors, write_arrays
from edgekit.verbs.verify import vectors_path

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

random = np.random.default_rng(7)


def classifier_as_if_trained(images: np.ndarray) -> Any:
    """A MobileNetV2 with gains and statistics as training leaves them, and sure of its answers."""
    import keras

    keras.utils.set_random_seed(7)
    model = keras.applications.MobileNetV2(weights=None, input_shape=images.shape[1:])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.gamma.assign(np.abs(random.normal(1, 0.25, layer.gamma.shape)))
            layer.beta.assign(random.normal(0, 0.3, layer.beta.shape))
    model(images[:32], training=True)
    last = model.layers[-1].kernel
    for _ in range(2):
        logits = np.log(np.maximum(model(images).numpy(), 1e-30))
        last.assign(last.numpy() * 3 / (logits - logits.mean(-1, keepdims=True)).std())
    return model


def test_a_classifier_that_names_other_classes_is_not_ok(tmp_path: Path) -> None:
    coarse = random.normal(size=(50, 6, 6, 3)).astype(np.float32)
    images = np.clip(coarse.repeat(16, 1).repeat(16, 2) * 0.4, -1, 1)
    model = classifier_as_if_trained(images)
    model.save(tmp_path / "model.keras")
    name, expected = model.layers[0].name, model(images).numpy().argmax(-1)
    assert len(set(expected)) > 5
    result = edgekit.convert(
        tmp_path / "model.keras", tmp_path / "m.tflite", precision="int8",
        calibration={name: images},
    )  # fmt: skip
    file = tmp_path / "given.tflite"
    file.write_bytes(result.artifact.path.read_bytes())  # a rejected file has another suffix
    with open_session(file, runtime="litert") as run:
        (answers,) = run({name: images}).values()
    same = float(np.mean(answers.argmax(-1) == expected))
    assert same < 0.9
    assert not result.ok
    assert "first choice" in " ".join(proof.reason for proof in result.proofs)


def test_wrong_scores_beside_boxes_in_pixels_are_not_ok(tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(image)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, strides=2, activation="relu")(x))
    boxes = layers.Rescaling(640.0, name="boxes")(layers.Dense(4, activation="sigmoid")(x))
    wide = keras.initializers.RandomNormal(0, 8)
    scores = layers.Dense(5, kernel_initializer=wide, activation="softmax", name="scores")(x)
    keras.Model(image, [boxes, scores]).save(tmp_path / "model.keras")
    images = random.random((60, 32, 32, 3)) * random.random((60, 1, 1, 1))
    out = tmp_path / "m.tflite"
    edgekit.convert(
        tmp_path / "model.keras", out, precision="int8",
        calibration={"image": images.astype(np.float32)},
    )  # fmt: skip
    inputs, outputs = read_vectors(vectors_path(out))
    shuffled = {**outputs, "scores": np.roll(outputs["scores"], 1, axis=1)}
    write_arrays(tmp_path / "wrong.npz", inputs, shuffled)
    (right,) = edgekit.verify(out, runtime="litert")
    (wrong,) = edgekit.verify(out, runtime="litert", vectors=tmp_path / "wrong.npz")
    assert right.ok, right.reason
    assert not wrong.ok
    assert "'scores'" in wrong.reason
    assert "'boxes'" not in wrong.reason
