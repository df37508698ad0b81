"""A coupled LSTM's cells are averages, and its single step does what the layer does."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
]
STATE, SIZE, STEPS = 5, 3, 12


def test_a_step_at_a_time_is_the_whole_and_cells_stay_within_1() -> None:
    import keras

    from edgekit.domains.learning.coupled_lstm import (
        couple,
        keep_coupled,
        make_lasting,
        single_step,
    )

    keras.utils.set_random_seed(0)
    memory = keras.layers.LSTM(STATE, return_sequences=True)
    scores = keras.layers.Dense(4, activation="softmax")
    model = keras.Sequential([keras.Input((STEPS, SIZE)), memory, scores])
    make_lasting(memory, 2.0)
    given = 9 * np.random.default_rng(0).standard_normal((40, STEPS, SIZE)).astype(np.float32)
    model.compile("adam", "sparse_categorical_crossentropy")
    labels = np.zeros((40, STEPS), int)
    model.fit(given, labels, verbose=0, callbacks=[keep_coupled(memory)])
    before = memory.get_weights()
    couple(memory)
    for one, other in zip(before, memory.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)

    step = single_step(memory, scores, given=keras.Input((SIZE,), name="given"))
    hidden = cell = np.zeros((40, STATE), np.float32)
    for time in range(STEPS):
        cell, hidden, found = step.predict_on_batch(
            {"given": given[:, time], "hidden": hidden, "cell": cell}
        )
        assert np.abs(cell).max() <= 1
        np.testing.assert_allclose(found, model.predict_on_batch(given)[:, time], atol=1e-5)
