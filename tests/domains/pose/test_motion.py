"""People in space and in pictures: the sample, the cameras, the splits."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Array
from edgekit.domains.pose.motion import captures, mirrored, random_cameras, seen_by_cameras
from edgekit.on_device.programs.lift3d import BONES, HIPS, JOINTS


def lengths(people: Array) -> Array:
    first, second = np.array(BONES).T
    return np.asarray(np.linalg.norm(people[:, first] - people[:, second], axis=2))


def test_people_are_as_large_as_people_are() -> None:
    thigh = BONES.index((JOINTS.index("left hip"), JOINTS.index("left knee")))
    for people in captures("tiny"):
        assert 1300 < np.median(people[:, JOINTS.index("crown"), 1]) < 1700
        assert 350 < lengths(people)[:, thigh].mean() < 480
        assert lengths(people)[:, thigh].std() < 1.5  # millimetres are rounded


def test_a_camera_keeps_lengths_and_looks_at_the_hips() -> None:
    random = np.random.default_rng(0)
    people = random.normal(0, 400, (50, 17, 3))
    people -= people[:, [HIPS]]
    cameras = random_cameras(50, random)
    assert lengths(cameras.facing(people)) == pytest.approx(lengths(people))
    assert np.linalg.det(cameras.turns) == pytest.approx(np.ones(50))
    assert cameras.project(people)[:, HIPS] == pytest.approx(np.zeros((50, 2)))


def test_who_stands_upright_has_the_crown_above_the_toes_and_left_on_the_left() -> None:
    data = seen_by_cameras("test", "tiny")
    points = data.inputs["points"].reshape(-1, len(JOINTS), 2)
    crown, toes = JOINTS.index("crown"), JOINTS.index("left toes")
    assert np.mean(points[:, crown, 1] < points[:, toes, 1]) == 1
    toes, ankle, left, right = (
        JOINTS.index(name) - 1 for name in ("left toes", "left ankle", "left hip", "right hip")
    )
    ahead = data.target()[:, toes, 2] - data.target()[:, ankle, 2]
    rightwards = data.target()[:, right, 0] - data.target()[:, left, 0]
    sure = (np.abs(ahead) > 0.05) & (np.abs(rightwards) > 0.05)
    assert sure.mean() > 0.3
    assert np.mean((ahead > 0) == (rightwards > 0), where=sure) > 0.95


def test_points_follow_from_places_whatever_the_distance() -> None:
    data = seen_by_cameras("validation", "tiny")
    points = data.inputs["points"].reshape(-1, len(JOINTS), 2)
    assert np.square(points).sum(axis=2).mean(axis=1) == pytest.approx(1, rel=1e-5)
    right, seen = data.target()[..., 0].ravel(), points[:, 1:, 0].ravel()
    assert np.corrcoef(right, seen)[0, 1] > 0.97


def test_in_a_mirror_left_is_right() -> None:
    data = seen_by_cameras("validation", "tiny")
    twice = mirrored(mirrored(data))
    count = len(data)
    assert len(twice) == 4 * count
    assert twice.inputs["points"][3 * count :] == pytest.approx(data.inputs["points"])
    assert twice.target()[3 * count :] == pytest.approx(data.target())
    once = mirrored(data)
    elbow, other = JOINTS.index("left elbow"), JOINTS.index("right elbow")
    assert once.target()[count:, elbow - 1, 0] == pytest.approx(-data.target()[:, other - 1, 0])
    assert once.inputs["points"][count:, 2 * elbow] == pytest.approx(
        -data.inputs["points"][:, 2 * other]
    )
