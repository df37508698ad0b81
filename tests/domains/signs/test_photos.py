"""Photos of signed digits: who signs, and that no signer is in two splits."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Split
from edgekit.domains.signs.photos import SIDE, load_photos, of_split, signers_of

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def test_a_student_begins_where_the_digits_fall_back() -> None:
    shown = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 3, 2, 9, 5, 1, 0]
    assert signers_of(shown).tolist() == [0] * 10 + [1] * 6 + [1] * 2
    assert signers_of([*range(10), *range(1, 10), 0]).tolist() == [0] * 10 + [1] * 9 + [2]


def test_the_sample_has_every_digit_of_many_students() -> None:
    photos = load_photos("tiny")
    assert photos.pixels.shape == (526, SIDE, SIDE, 3)
    assert (np.bincount(photos.digits) >= 51).all()
    assert photos.signers.max() == 51


def test_no_signer_is_in_two_splits_and_the_last_fifth_are_for_tests() -> None:
    signers = [set(of_split(split, "tiny").signers) for split in SPLITS]
    assert sum(map(len, signers)) == len(set.union(*signers)) == 52
    assert max(signers[0]) < min(signers[1]) <= max(signers[1]) < min(signers[2])
    assert len(signers[2]) == 10
    calibration = of_split("calibration", "tiny")
    assert set(calibration.signers) <= signers[0]
