"""Scores of key points, by cases that can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Array
from edgekit.domains.pose.scores import correct_joints, mean_joint_error, mean_skeleton, torsos
from edgekit.on_device.vision.key_points import JOINTS


def someone(x: float, y: float = 50.0, height: float = 100.0) -> Array:
    """A person of 17 joints, one above the other, whose torso is 30 % of the height."""
    person = np.zeros((17, 3))
    person[:, 0] = x
    person[:, 1] = y + np.linspace(0, height, 17)
    for name in ("left shoulder", "right shoulder"):
        person[JOINTS.index(name), 1] = y + 0.2 * height
    for name in ("left hip", "right hip"):
        person[JOINTS.index(name), 1] = y + 0.5 * height
    person[:, 2] = 1
    return person


def test_the_error_is_the_mean_distance() -> None:
    right = np.zeros((2, 2, 3))
    found = np.array([[[3, 4, 0], [0, 0, 0]], [[0, 0, 1], [0, 0, 2]]])
    assert mean_joint_error(found, right) == pytest.approx((5 + 0 + 1 + 2) / 4)


def test_a_joint_within_a_fifth_of_the_torso_is_right() -> None:
    people = np.stack([someone(20)])
    found = people.copy()
    found[0, 0, 0] += 5.9
    found[0, 1, 0] += 6.1
    right = correct_joints(found, people, torsos(people))
    assert not right[0, 1]
    assert right.sum() == 16


def test_people_may_be_found_in_any_order_and_each_once() -> None:
    people = np.stack([someone(20), someone(80), someone(140)])
    found = np.concatenate([people[[2, 0]], people[[0]], np.zeros((2, 17, 3))])
    right = correct_joints(found, people, torsos(people))
    assert right.all(axis=1).tolist() == [True, False, True]
    assert not right[1].any()


def test_joints_that_do_not_count_are_neither_right_nor_in_the_way() -> None:
    people = np.stack([someone(20), np.zeros((17, 3))])
    people[0, 3:, 2] = 0
    right = correct_joints(people, people, torsos(people))
    assert right.sum() == 3
    assert not correct_joints(np.zeros((2, 17, 3)), people, torsos(people)).any()


def test_the_mean_skeleton_stands_where_someone_stands() -> None:
    people = np.stack([np.stack([someone(20), np.zeros((17, 3))])])
    people[0, 0, 0, 0] += 10  # so that there is a width
    known = people + np.array([200.0, 3.0, 0.0]) * people[..., 2:].any(axis=2, keepdims=True)
    assert mean_skeleton(known, people) == pytest.approx(people)
