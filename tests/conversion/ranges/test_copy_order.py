"""What reads a copy of a tensor is int8, also where the whole tensor is concatenated before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.recurrent import converted, largest_error

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def test_a_layer_on_the_first_step_is_int8(tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    start = keras.Input((6, 4), name="x")
    read = layers.Concatenate()([layers.Dense(3)(start), layers.Dense(3)(start)])
    first = layers.Dense(8, name="first")(read[:, 0])
    every = layers.Dense(8, name="every")(layers.Concatenate()([read, start]))
    file, notes = converted(keras.Model(start, [every, first]), tmp_path, "int8")
    assert "Computed in float32" not in notes
    assert largest_error(file, tmp_path / "m.keras") < 0.1
