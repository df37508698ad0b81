"""Pictures of clothes, and how far pictures are from what they should be."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from edgekit.core.types import Array, Batch
from edgekit.domains.fashion.garments import SHAPE, example, garments
from edgekit.domains.fashion.noise import (
    DEVIATION,
    SPOILED,
    median_filtered,
    noisy,
    non_local_means,
)
from edgekit.domains.fashion.pairs import psnr, rms_error, side_by_side
from edgekit.on_device.answering import Models
from edgekit.on_device.pictures import read_picture
from edgekit.on_device.programs.autoencode import answer, drive


def _pictures(seed: int, count: int = 3) -> Array:
    return np.random.default_rng(seed).random((count, *SHAPE), np.float32)


def test_splits_share_no_picture() -> None:
    splits = {name: garments(name, "tiny")[0] for name in ("train", "validation", "test")}
    seen = [{picture.tobytes() for picture in pictures} for pictures in splits.values()]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    assert {tuple(pictures.shape[1:]) for pictures in splits.values()} == {SHAPE}


def test_decibels_are_those_of_scikit_image() -> None:
    made, wanted = _pictures(0), _pictures(1)
    each = [peak_signal_noise_ratio(w, m, data_range=1) for m, w in zip(made, wanted, strict=True)]
    assert psnr(made, wanted) == pytest.approx(np.mean(each))
    assert psnr(wanted, wanted) == 100


def test_the_error_is_in_grey_levels() -> None:
    wanted = _pictures(0)
    assert rms_error(wanted, wanted) == 0
    assert rms_error(wanted + 0.1, wanted) == pytest.approx(25.5, rel=1e-4)


def test_a_drawing_has_both_pictures() -> None:
    given, made = _pictures(0, 2), _pictures(1, 2) * 2
    first, _ = side_by_side({"image": given}, {"made": made})
    np.testing.assert_array_equal(first.picture[:, :28], given[0])
    np.testing.assert_array_equal(first.picture[:, 28:], np.minimum(made[0], 1))


def _mean(batch: Batch) -> Batch:
    return {"code": batch["image"].mean(axis=(1, 2, 3), keepdims=True)[..., 0, 0]}


def _flat(batch: Batch) -> Batch:
    return {"made": np.broadcast_to(batch["code"][..., None, None], (len(batch["code"]), *SHAPE))}


def test_the_program_says_what_it_keeps_and_how_far_it_is_off(tmp_path: Path) -> None:
    (content,) = example("tiny").values()
    (tmp_path / "example.pgm").write_bytes(content)
    picture = read_picture(tmp_path / "example.pgm")
    facts = {"encoder": {"inputs": [{"name": "image", "shape": [1, *SHAPE]}]}}
    runs = {"encoder": _mean, "decoder": _flat}
    found = answer(Models(tmp_path, facts, runs, ()), picture, Namespace())  # type: ignore[arg-type]
    assert found.lines[0] == "1 numbers for 784 pixels:"
    assert float(found.lines[1]) == pytest.approx(picture.mean(), rel=1e-2)
    off = 255 * picture.std()
    assert found.lines[2] == f"off by {off:.1f} of 255 grey levels"
    assert found.drawing is not None
    assert found.drawing.picture.shape == (28, 56, 1)


def test_two_files_answer_what_the_whole_answers() -> None:
    batch = {"image": _pictures(0)}
    whole = lambda given: _flat(_mean(given))  # noqa: E731
    answers = drive({"whole": whole, "encoder": _mean, "decoder": _flat})(batch)
    np.testing.assert_array_equal(answers["made"], answers["joined"])


def test_noise_is_of_both_kinds_and_of_its_strength() -> None:
    grey = np.full((200, *SHAPE), 0.5, np.float32)
    spoiled = noisy(grey, 0)
    assert spoiled[::2].std() == pytest.approx(DEVIATION, rel=0.03)
    struck = spoiled[1::2] != 0.5
    assert struck.mean() == pytest.approx(SPOILED, rel=0.03)
    assert set(spoiled[1::2][struck]) == {0.0, 1.0}
    assert (grey == 0.5).all()


@pytest.mark.parametrize("remove", [median_filtered, non_local_means])
def test_filters_bring_pictures_nearer(remove: Callable[[Array], Array]) -> None:
    clean = garments("test", "tiny")[0][:20]
    spoiled = noisy(clean, 0)
    assert psnr(remove(spoiled), clean) > psnr(spoiled, clean) + 1
