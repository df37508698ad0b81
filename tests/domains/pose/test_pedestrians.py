"""People of the film of pedestrians: labels, windows, and how they are varied."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from edgekit.domains.pose.pedestrians import (
    FRAMES,
    MIRRORED,
    MOST,
    SHAPE,
    Windows,
    augmented,
    counted,
    windows,
)
from edgekit.domains.pose.scores import torsos
from edgekit.domains.pose.teacher import labels
from edgekit.on_device.vision.key_points import JOINTS


def test_the_teacher_saw_people_upright_and_within_their_boxes() -> None:
    everyone = labels()
    known = everyone.people[..., 2].any(axis=1)
    assert 0.4 < known.mean() < 0.8
    people, boxes = everyone.people[known], everyone.boxes[known]
    heights = boxes[:, 3] - boxes[:, 1]
    assert heights.min() >= 60
    feet = people[:, JOINTS.index("left ankle"), 1] - people[:, 0, 1]
    assert (feet > 0.5 * heights).mean() > 0.98
    assert np.median(torsos(people) / heights) == pytest.approx(0.3, abs=0.08)


def test_splits_follow_one_another_with_seconds_between() -> None:
    ends = [FRAMES[split] for split in ("train", "validation", "test")]
    for (_, end), (start, _) in pairwise(ends):
        assert start - end >= 10  # frames, ten a second


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_windows_show_one_or_several_people(split: str) -> None:
    found = windows(split, "tiny")  # type: ignore[arg-type]
    assert found.images.shape == (len(found), *SHAPE)
    assert found.people.shape == (len(found), MOST, len(JOINTS), 3)
    num_people = counted(found.people)[..., 2].any(axis=2).sum(axis=1)
    assert num_people.min() == 1
    assert np.mean(num_people > 1) == 0.5


def test_joints_outside_of_a_window_do_not_count_nor_do_people_cut_in_half() -> None:
    people = np.zeros((1, 2, 17, 3), np.float32)
    people[0, :, :, 0] = np.linspace(10, 100, 17)
    people[0, :, :, 1] = 50
    people[0, :, :, 2] = 1
    people[0, 0, 14:, 0] = SHAPE[1] + 1
    people[0, 1, :12, 0] = -1
    marks = counted(people)[0, :, :, 2]
    assert marks[0].tolist() == [1] * 14 + [0] * 3
    assert marks[1].sum() == 0


def test_joints_move_with_the_picture_and_change_sides_in_a_mirror() -> None:
    random = np.random.default_rng(0)
    count, joint = 40, JOINTS.index("left wrist")
    people = np.zeros((count, MOST, 17, 3), np.float32)
    people[:, 0, :, :2] = random.uniform(65, 95, (count, 17, 2)).round()
    people[:, 0, :, 2] = 1
    images = np.full((count, *SHAPE), 20, np.uint8)
    for image, (x, y, _) in zip(images, people[:, 0, joint].astype(int), strict=True):
        image[y - 2 : y + 2, x - 2 : x + 2] = 250
    given = Windows(images=images, people=people, ignored=np.zeros((count, MOST, 4), np.float32))
    varied = augmented(given, np.random.default_rng(1))
    sides = []
    for image, person in zip(varied.images, varied.people[:, 0], strict=True):
        inner = image[20:140, 20:140].sum(axis=2)  # what is beyond the film is grey
        rows, columns = np.nonzero(inner > 0.8 * inner.max())
        spot = np.array([columns.mean(), rows.mean()]) + 20.5
        near = np.linalg.norm(person[[joint, MIRRORED[joint]], :2] - spot, axis=1) < 1.5
        assert near.any()
        sides.append(bool(near[1] and not near[0]))
    assert 0.25 < np.mean(sides) < 0.75
    assert sorted(MIRRORED) == list(range(17))
    assert [MIRRORED[index] for index in MIRRORED] == list(range(17))


def test_what_is_ignored_moves_too() -> None:
    given = windows("train", "tiny")
    chosen = given.only(np.asarray(given.ignored.any(axis=(1, 2))))
    varied = augmented(chosen, np.random.default_rng(0))
    assert varied.ignored.any(axis=(1, 2)).mean() > 0.8
    assert varied.ignored.min() >= 0
    assert varied.ignored.max() <= SHAPE[0]
