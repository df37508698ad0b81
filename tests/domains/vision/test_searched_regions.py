"""Regions of pictures: found once, drawn to learn from, moved along with their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.domains.vision import searched_regions as searched
from edgekit.on_device.vision.boxes import intersection_over_union


def test_the_sample_has_regions_for_every_picture_and_most_things() -> None:
    for split, least in (("train", 0.7), ("test", 0.7), ("calibration", 0.7)):
        pictures, regions = searched.blood_cell_regions(split, "tiny", 300)  # type: ignore[arg-type]
        assert regions.shape == (len(pictures), 300, 4)
        overlaps = intersection_over_union(pictures.boxes, regions).max(axis=2)
        assert np.mean(overlaps[pictures.labels >= 0] > 0.5) > least


def test_pictures_are_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    images = np.full((2, 40, 60, 3), 90, np.uint8)
    images[:, 8:28, 10:40] = 200
    told: list[str] = []
    first = searched.searched(images, 5, lambda _, text: told.append(text))
    assert told == ["searched picture 1/2", "searched picture 2/2"]
    assert first.shape == (2, 5, 4)
    thing = np.array([[10.0, 8, 40, 28]])
    assert intersection_over_union(thing, first[0]).max() > 0.7
    again = searched.searched(images, 5, lambda _, text: told.append(text))
    assert len(told) == 2
    assert np.array_equal(first, again)
    searched.searched(255 - images, 5, lambda _, text: told.append(text))
    assert len(told) == 4


def test_a_quarter_of_the_regions_drawn_are_things_where_there_are_enough() -> None:
    random = np.random.default_rng(0)
    box = np.array([[10.0, 10, 30, 30], [0, 0, 0, 0]])
    shifts = random.integers(0, 40, (200, 1))
    regions = np.concatenate([box[:1] + shifts, np.zeros((9, 4))])
    drawn, overlap = searched.drawn(random, regions, box, 40)
    assert (overlap >= 0.5).sum() == 10
    assert (drawn[:, 2] > 0).all()
    drawn, overlap = searched.drawn(random, regions[-9:], box, 40)
    assert (drawn[:, 2] > 0).sum() == 1  # the box itself
    assert overlap.max() == 1
    assert drawn.shape == (40, 4)


def test_regions_move_with_their_pictures() -> None:
    pictures, regions = searched.blood_cell_regions("validation", "tiny", 128)
    batches = searched.endless_region_batches(
        pictures, regions, np.random.default_rng(0), batch_size=3, count=32
    )
    for _, (inputs, targets) in zip(range(3), batches, strict=False):
        assert inputs["image"].shape == (3, 240, 320, 3)
        assert inputs["regions"].shape == (3, 32, 4)
        overlaps = intersection_over_union(inputs["regions"], targets["boxes"]).max(-1)
        assert ((overlaps >= 0.5).sum(1) >= 4).all()


def test_a_name_by_size_alone_is_a_poor_one() -> None:
    assert 0 < searched.named_by_size("tiny", lambda *_: None) < 60
