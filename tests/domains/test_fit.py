"""Training tells how far it is, and can keep its best epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgekit.core.recipe import Dataset
from edgekit.domains.learning.fit import fit

if TYPE_CHECKING:
    import keras


def _weight() -> keras.Model:
    """Return a compiled model of one weight, which a step of 1 moves by twice its error."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.zeros((1, 1))])
    model.compile(keras.optimizers.SGD(0.2), "mean_squared_error")
    return model


def _constant(target: float) -> Dataset:
    return Dataset(inputs={"x": np.ones((2, 1))}, targets=np.full((2, 1), target))


def test_every_epoch_is_told_with_its_loss() -> None:
    told: list[tuple[float, str]] = []
    fit(
        _weight(),
        _constant(1.0),
        epochs=2,
        batch_size=2,
        progress=lambda fraction, doing: told.append((fraction, doing)),
        stage="labels",
    )
    assert told == [(0.5, "labels 1/2, loss 1.000"), (1.0, "labels 2/2, loss 0.360")]


def test_with_validation_the_best_epoch_is_kept() -> None:
    """The weight goes 0.4, 0.64, 0.784 towards 1; validation wants 0.6."""
    model = _weight()
    told: list[str] = []
    fit(
        model,
        _constant(1.0),
        epochs=3,
        batch_size=2,
        progress=lambda _, doing: told.append(doing),
        validation=_constant(0.6),
    )
    assert model.get_weights()[0].item() == pytest.approx(0.64)
    assert told[0] == "epoch 1/3, loss 1.000, validation loss 0.040"
