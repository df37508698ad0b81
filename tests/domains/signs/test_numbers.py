"""Numbers are right if all of their digits are, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.recipe import Dataset
from edgekit.domains.learning.ctc import right
from edgekit.domains.signs.numbers import details, frame_by_frame, in_a_row, score

NUMBERS = np.array([[2, 2, 0, 0], [5, 0, 0, 0], [1, 2, 3, 4]], np.int32)


def dataset(clips: np.ndarray) -> Dataset:
    return Dataset(inputs={"clip": clips}, targets=NUMBERS)


def test_a_digit_too_much_or_too_little_is_wrong() -> None:
    symbols = np.zeros((3, 6), np.int32)
    symbols[:, :4] = [[2, 2, 0, 0], [5, 5, 0, 0], [1, 2, 3, 0]]
    assert right(symbols, NUMBERS).tolist() == [True, False, False]
    symbols[2, 3:5] = 4, 9
    assert not right(symbols, NUMBERS)[2]


def test_the_score_is_a_share_and_its_details_tell_kinds() -> None:
    symbols = np.zeros((3, 32), np.int32)
    symbols[:2, :4] = NUMBERS[:2]
    test = dataset(np.zeros((3, 32)))
    assert score(lambda _: {"symbols": symbols}, test) == pytest.approx(200 / 3)
    found = details(lambda _: {"symbols": symbols}, test)
    assert found["right with a digit twice in turn %"] == 100
    assert found["right of 4 digits %"] == 0


def test_frames_of_nothing_part_equal_digits_and_short_sights_do_not_count() -> None:
    seen = np.array([[0, 7, 7, 0, 7, 7, 2, 7, 7, 7]])
    assert in_a_row(seen, 1)[0, :5].tolist() == [7, 7, 2, 7, 0]
    assert in_a_row(seen, 2)[0, :3].tolist() == [7, 0, 0]


def test_how_many_frames_count_is_chosen_on_the_validation_split() -> None:
    """A clip whose frames tell their symbols: one frame in a row is a slip in validation."""
    slips = np.array([[2, 2, 9, 2, 2, 0, 0, 2, 2], [5] * 9, [1, 1, 2, 2, 3, 3, 4, 4, 4]])
    clean = np.array([[2, 0, 2, 0, 0, 0, 0, 0, 0], [5] * 9, [1, 1, 2, 2, 3, 3, 4, 4, 0]])
    share = frame_by_frame(lambda clip: clip, dataset(slips), dataset(clean))
    assert share == pytest.approx(200 / 3)
