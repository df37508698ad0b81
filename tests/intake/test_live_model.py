"""A model in memory is carried as a file, with its code as a SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import BadInput
from edgekit.intake.live_model import saved
from edgekit.intake.model import load
from edgekit.source_model.reference import run_model
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def own_layer() -> Any:
    import keras

    class Twice(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2

    return strangers.chain((8,), Twice(), keras.layers.Dense(3))


def own_function() -> Any:
    import keras

    return strangers.chain((8,), keras.layers.Lambda(lambda x: x + 1), keras.layers.Dense(3))


@pytest.mark.parametrize(
    ("build", "is_file"),
    [
        (strangers.sequential, True),
        (strangers.photo_and_facts, True),
        (strangers.keras_2, True),
        (own_layer, False),
        (own_function, False),
        (strangers.subclassed, False),
    ],
)
def test_a_model_in_memory_is_carried(build: Any, is_file: bool, tmp_path: Path) -> None:
    model = build()
    batch = strangers.examples(model, 5)
    expected = run_model(model, batch)
    path, notes = saved(model, tmp_path)
    assert path.is_file() == is_file
    assert bool(notes) != is_file
    answer = run_model(load(path)[0], batch)
    assert set(answer) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(answer[name], values, atol=1e-6)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    import keras

    with pytest.raises(BadInput, match=r"The model is a dict; give a keras\.Model"):
        saved({"weights": 1}, tmp_path)
    with pytest.raises(BadInput, match="does not know its inputs yet"):
        saved(keras.Sequential([keras.layers.Dense(2)]), tmp_path)
