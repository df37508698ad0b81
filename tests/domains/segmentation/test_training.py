"""The loss of segmentation, held against NumPy, and what training makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Array
from edgekit.domains.segmentation.deforming import PHOTOS
from edgekit.domains.segmentation.masked import VOID, Masked
from edgekit.domains.segmentation.training import OVERLAP, Schedule, balancing, fit, loss_of

WEIGHTS = (0.5, 2.0, 1.0)


def _by_hand(truth: Array, scores: Array, weights: tuple[float, ...]) -> float:
    """Return the loss of one picture, pixel by pixel."""
    entropy = total = 0.0
    both, first, second = (np.zeros(len(weights)) for _ in range(3))
    for label, row in zip(truth.ravel(), scores.reshape(-1, len(weights)), strict=True):
        if label == VOID:
            continue
        shares = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        entropy -= weights[label] * np.log(shares[label])
        total += weights[label]
        both[label] += shares[label]
        first[label] += 1
        second += shares
    overlap = np.mean((both + 1) / (first + second - both + 1))
    return entropy / max(total, 1) + OVERLAP * (1 - float(overlap))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_loss_is_what_numpy_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.choice([0, 1, 2, VOID], (2, 4, 5)).astype(np.float32)
    scores = random.normal(0, 3, (2, 4, 5, 3)).astype(np.float32)
    found = np.asarray(loss_of(WEIGHTS)(truth, scores))
    expected = [_by_hand(t.astype(int), s, WEIGHTS) for t, s in zip(truth, scores, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.slow
def test_being_sure_and_right_costs_nothing() -> None:
    truth = np.array([[[0, 1], [2, VOID]]], np.uint8)
    scores = 50 * np.eye(3, dtype=np.float32)[np.where(truth == VOID, 1, truth)]
    assert np.asarray(loss_of(WEIGHTS)(truth, scores)) == pytest.approx([0], abs=1e-5)


@given(st.lists(st.integers(0, 10**7), min_size=2, max_size=6).filter(lambda n: sum(n) > 0))
def test_weights_grow_with_rarity_and_are_1_on_average(counts: list[int]) -> None:
    pixels = np.array(counts)
    weights = np.array(balancing(pixels))
    shares = pixels / pixels.sum()
    assert (weights * shares).sum() == pytest.approx(1, abs=0.01)
    order = np.argsort(pixels[pixels > 0], kind="stable")
    assert (np.diff(weights[pixels > 0][order]) <= 1e-9).all()
    assert (weights[pixels == 0] == 1).all()


@pytest.mark.slow
def test_training_learns_what_is_bright() -> None:
    import keras

    keras.utils.set_random_seed(0)
    y, x = np.mgrid[:40, :60]
    mask = (np.sin(x / 5) + np.cos(y / 6) > 0).astype(np.uint8)
    masked = Masked(pictures=((60 + 120 * mask)[..., None].astype(np.uint8),), masks=(mask,))
    image = keras.Input((16, 16, 1), name="image")
    hidden = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    model = keras.Model(image, keras.layers.Conv2D(2, 1, name="scores")(hidden))
    said: list[str] = []
    schedule = Schedule(steps=75, batch_size=8, peak_learning_rate=3e-2)
    fit(
        model,
        masked,
        loss_of((1.0, 1.0)),
        schedule=schedule,
        variation=PHOTOS,
        progress=lambda _, doing: said.append(doing),
    )
    losses = [float(line.rpartition(" ")[2]) for line in said]
    assert losses[-1] < losses[0] / 2
    answered = model.predict(masked.pictures[0][None, :16, :16] / 255, verbose=0).argmax(-1)
    assert np.mean(answered[0] == mask[:16, :16]) > 0.9
