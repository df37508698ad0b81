"""A file that lost what pruning or clustering left is found out."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.building.measuring.preserved import Left, left_in, lost

keras = pytest.importorskip("keras")
ZEROS = Left(trait="zeros", size=100, amount=75)
EQUAL = Left(trait="equal weights", size=100, amount=4)


def kernel(zeros: int, values: int) -> np.ndarray:
    rest = np.arange(100 - zeros) % (values - 1) + 1
    return np.concatenate([np.zeros(zeros), rest]).astype("int8").reshape(10, 10)


def test_what_is_there_is_not_lost() -> None:
    assert lost([ZEROS, EQUAL], [kernel(80, 4), np.ones((3, 3))]) == {}


def test_fewer_zeros_and_more_values_are_named_with_their_numbers() -> None:
    found = lost([ZEROS, EQUAL], [kernel(60, 20)])
    assert "one of 100 weights has 60 instead of 75" in found["zeros"]
    assert "one of 100 weights has 20 instead of 4" in found["equal weights"]


def test_of_kernels_of_one_size_each_is_held_against_its_own() -> None:
    half = Left(trait="zeros", size=100, amount=50)
    assert lost([half, ZEROS], [kernel(50, 9), kernel(75, 9)]) == {}
    assert "1 of 2 kernels" in lost([half, ZEROS], [kernel(50, 9), kernel(60, 9)])["zeros"]


def test_a_kernel_that_was_cut_up_counts_among_all_zeros() -> None:
    halves = [kernel(75, 9)[:5], kernel(75, 9)[5:]]
    assert lost([ZEROS], halves) == {}
    assert "have 50 zeros; pruning left 75" in lost([ZEROS], halves[:1])["zeros"]


def test_only_kernels_are_measured_and_only_for_what_was_left() -> None:
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(10)])
    model.layers[0].set_weights([kernel(75, 4), np.zeros(10)])
    assert left_in(model, ["zeros"]) == (ZEROS,)
    assert left_in(model, ["zeros", "equal weights"]) == (ZEROS, EQUAL)
    assert left_in(model, []) == ()
