"""While a model is trained on, zeros stay zeros and equal weights equal; signs are turned first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.bridge.holding.weight_constraints import hold, keep_signs, turn_channels

tf_keras = pytest.importorskip("tf_keras")
layers = tf_keras.layers


def trained_on(keep: list[Any]) -> tuple[Any, Any]:
    """Return a kernel of few values, many of them zero, before and after some steps."""
    random = np.random.default_rng(0)
    kernel = random.choice([0.0, 0.0, -0.5, 0.25, 1.0], (6, 5)).astype("float32")
    model = tf_keras.Sequential([tf_keras.Input((6,)), layers.Dense(5, name="dense")])
    model.layers[0].set_weights([kernel, np.zeros(5)])
    hold(model, keep)
    model.compile(tf_keras.optimizers.Adam(0.1), "mse")
    model.fit(random.normal(size=(32, 6)), random.normal(size=(32, 5)), epochs=2, verbose=0)
    return kernel, model.layers[0].kernel.numpy()


def test_zeros_stay_and_nothing_else_is_held() -> None:
    before, after = trained_on(["zeros"])
    assert np.array_equal(after == 0, before == 0)
    assert len(np.unique(after)) > len(np.unique(before))


def test_equal_weights_stay_equal_and_yet_learn() -> None:
    before, after = trained_on(["zeros", "equal weights"])
    assert np.array_equal(after == 0, before == 0)
    for value in np.unique(before):
        assert len(np.unique(after[before == value])) == 1
    assert not np.allclose(before, after)


def test_without_a_word_nothing_is_held() -> None:
    before, after = trained_on([])
    assert np.all(after[before == 0] != 0)


def test_turned_channels_answer_as_before_and_factors_stay_above_zero() -> None:
    random = np.random.default_rng(0)
    model = tf_keras.Sequential(
        [tf_keras.Input((6, 6, 2)), layers.Conv2D(4, 3), layers.BatchNormalization()]
    )
    convolution, norm = model.layers
    convolution.bias.assign(random.normal(size=4))
    norm.set_weights([np.array([1, -2, 0.5, -1]), *random.uniform(0.5, 2, (3, 4))])
    x = random.normal(size=(2, 6, 6, 2)).astype("float32")
    before = model(x).numpy()
    turn_channels(model)
    assert np.allclose(model(x), before, atol=1e-5)
    assert np.array_equal(norm.gamma, [1, 2, 0.5, 1])
    keep_signs(model)
    assert np.all(norm.gamma.constraint(-norm.gamma) > 0)
