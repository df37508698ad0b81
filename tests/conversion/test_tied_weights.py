"""A table that an embedding and a dense layer share is stored once in int8."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core import registry
from tests.support import strangers
from tests.support.recurrent import converted, largest_error

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def test_tied_weights_are_stored_once(tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    words, width = 300, 64
    normal = keras.initializers.RandomNormal(stddev=0.25, seed=0)
    table = layers.Embedding(words, width, normal, name="table")
    start = keras.Input((6,), dtype="int32", name="words")
    hidden = layers.Dense(width, activation="tanh")(table(start))
    scores = keras.ops.matmul(hidden[:, -1], keras.ops.transpose(table.embeddings))
    model = keras.Model(start, scores)
    strangers.saved(model, tmp_path / "m.keras")
    file, _ = converted(model, tmp_path, "int8")
    assert file.stat().st_size < 1.6 * words * width
    for runtime in ("litert", "tflite-runtime"):
        if not registry.get("runtimes", runtime).missing():
            assert largest_error(file, tmp_path / "m.keras", runtime) < 0.2
