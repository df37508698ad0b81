"""Blood cells and playing cards: small samples that ship, whole sets that are read once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.paths import packaged
from edgekit.core.types import Array
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.upstream.data_set import present
from edgekit.domains.upstream.pictures import BCCD, PLAYING_CARDS
from edgekit.domains.vision.boxed_pictures import (
    CELLS,
    RANKS,
    BoxedSet,
    blood_cells,
    boxed_set,
    packed,
    playing_cards,
    unpacked,
    whole_files,
)

SHAPE = (48, 64, 3)
SETS: dict[str, Callable[..., BoxedSet]] = {"blood": blood_cells, "cards": playing_cards}


@pytest.mark.parametrize(
    ("name", "counts", "names"),
    [("blood", (64, 6, 20), CELLS), ("cards", (40, 6, 24), RANKS)],
)
def test_samples_hold_every_class_to_train_and_to_test(
    name: str, counts: tuple[int, ...], names: tuple[str, ...]
) -> None:
    for split, count in zip(("train", "validation", "test"), counts, strict=True):
        found = SETS[name](split, "tiny", SHAPE)
        assert len(found) == count
        assert found.names == names
        assert found.images.shape == (count, *SHAPE)
        assert found.images.dtype == np.uint8
        real = found.labels >= 0
        if split != "validation":  # six pictures
            assert set(np.unique(found.labels[real])) == set(range(len(names)))
        assert (found.boxes[~real] == 0).all()
        sides = found.boxes[real][:, 2:] - found.boxes[real][:, :2]
        assert (sides > 0).all()
        assert (found.boxes >= 0).all()
        assert (found.boxes <= np.tile([64, 48], 2) + 1e-3).all()


@pytest.mark.parametrize("name", ["blood_cells_small.npz", "playing_cards_small.npz"])
def test_samples_are_small(name: str) -> None:
    assert (packaged("datasets") / name).stat().st_size <= 300_000


def test_white_cells_are_where_their_boxes_say() -> None:
    """Their nuclei are stained violet: less green than the picture around them."""
    cells = blood_cells("train", "tiny", (240, 320, 3))
    for image, boxes, labels in zip(cells.images, cells.boxes, cells.labels, strict=True):
        for left, top, right, bottom in np.rint(boxes[labels == 1]).astype(int):
            assert image[top:bottom, left:right, 1].mean() < image[..., 1].mean()


def test_calibration_data_are_training_pictures() -> None:
    train, calibration = (blood_cells(split, "tiny", SHAPE) for split in ("train", "calibration"))
    assert (calibration.images == train.images).all()
    few = train.only(train.labels[:, 0] == 0)
    assert len(few) == (train.labels[:, 0] == 0).sum()
    assert few.names == CELLS


def test_a_sample_is_written_as_it_was_read() -> None:
    arrays = read_packaged("playing_cards_small.npz")
    again = packed(unpacked(arrays))
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        assert (again[name] == array).all()


def test_other_shapes_show_the_same_things() -> None:
    files = unpacked(read_packaged("playing_cards_small.npz"))[:4]
    small, large = (boxed_set(files, RANKS, (side, side, 3), 5) for side in (64, 128))
    np.testing.assert_allclose(2 * small.boxes, large.boxes, atol=1e-3)
    halves: Array = large.images.reshape(4, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    # Both were averaged from the file, so they differ by rounding alone.
    assert np.abs(halves - small.images).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "counts", "num_boxes"),
    [("blood", (277, 15, 72), 4886), ("cards", (271, 25, 67), 670)],
)
def test_whole_sets_are_decoded_once(
    name: str,
    counts: tuple[int, ...],
    num_boxes: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data_set = BCCD if name == "blood" else PLAYING_CARDS
    if "EDGEKIT_DATA" not in os.environ or not present(data_set.files[0]):
        pytest.skip(f"{data_set.name} is not here; it is one of the data sets of EDGEKIT_DATA.")
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    shape = (24, 32, 3)
    found = {s: SETS[name](s, "full", shape) for s in ("train", "validation", "test")}
    assert tuple(map(len, found.values())) == counts
    assert sum(int((each.labels >= 0).sum()) for each in found.values()) == num_boxes
    files = whole_files("blood_cells" if name == "blood" else "playing_cards")
    assert Counter(file.split for file in files) == Counter(dict(zip(found, counts, strict=True)))
    (path,) = (tmp_path / "arrays").glob("*.npz")
    with np.load(path) as arrays:
        assert (arrays["images"][arrays["splits"] == "test"] == found["test"].images).all()
