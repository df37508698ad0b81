"""The programs for poses: what they read, where they find people, what they say."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Array, Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.programs import lift3d, pose
from edgekit.on_device.vision.key_points import BONES, JOINTS, NETWORK, TREE, Decoder

SIDE = 40


def points(count: int) -> Array:
    return np.random.default_rng(0).uniform(0, 500, (count, 17, 2))


def test_people_are_normalized_wherever_and_however_large() -> None:
    given = points(5)
    seen = lift3d.normalized(given)
    assert seen.shape == (5, 34)
    assert seen.dtype == np.float32
    assert lift3d.normalized(3 * given + [100, -20]) == pytest.approx(seen, abs=1e-5)
    assert seen[:, :2] == pytest.approx(np.zeros((5, 2)))


def test_a_person_without_size_or_a_joint_is_refused() -> None:
    with pytest.raises(ValueError, match="all in one place, or one is missing; give x and y"):
        lift3d.normalized(np.zeros((1, 17, 2)))
    given = points(2)
    given[1, 3, 0] = np.nan
    with pytest.raises(ValueError, match="or one is missing"):
        lift3d.normalized(given)


def test_points_are_read_with_or_without_headings(tmp_path: Path) -> None:
    rows = [",".join(f"{value:.2f}" for value in person.ravel()) for person in points(2)]
    for head in ("", ",".join(f"joint {n}" for n in range(34)) + "\n"):
        path = tmp_path / "points.csv"
        path.write_text(head + "\n".join(rows) + "\n\n")
        assert lift3d.read_points(path) == pytest.approx(points(2), abs=0.006)


@pytest.mark.parametrize("text", ["", "1,2,3\n", "a\n", "\n".join(["1," * 33 + "x"] * 2)])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match="does not hold 34 numbers, x and y of each joint"):
        lift3d.read_points(path)


def test_joints_are_told_in_millimetres_and_drawn_from_three_sides() -> None:
    others = np.zeros((1, 16, 3), np.float32)
    others[0, 0] = [0.1, -0.5, 0.25]  # the head
    models = Models(Path(), {}, {"model": lambda _: {"joints": others}}, [])
    answer = lift3d.answer(models, points(1)[0], Namespace())
    assert len(answer.lines) == 1 + 17
    assert answer.lines[1].split() == ["hips", "0", "0", "0"]
    assert answer.lines[2].split() == ["head", "100", "-500", "250"]
    drawing = answer.drawing
    assert drawing is not None
    assert drawing.points is not None
    seen, right, above = (view[1] - view[0] for view in drawing.points)
    metre = lift3d.SIDE / (2 * lift3d.REACH)
    assert seen == pytest.approx([0.1 * metre, -0.5 * metre])
    assert right == pytest.approx([0.25 * metre, -0.5 * metre])
    assert above == pytest.approx([0.1 * metre, -0.25 * metre])


def spot(x: int, y: int, height: int, width: int, size: int = 16) -> Array:
    """A grey picture with a bright square, in whose middle someone stands."""
    picture = np.full((height, width, 3), 0.5, np.float32)
    picture[y - size : y + size, x - size : x + size] = 1
    return picture


def sees_spots(batch: Batch) -> Batch:
    """Find a person where it is brightest, the surer the more pixels are bright."""
    people = np.zeros((len(batch["image"]), 3, 17, 3), np.float32)
    scores = np.zeros((len(people), 3), np.float32)
    for index, picture in enumerate(batch["image"]):
        rows, columns = np.nonzero(picture[..., 0] > 0.9)
        if len(rows):
            for axis, places in enumerate((columns, rows)):
                people[index, 0, :, axis] = np.linspace(places.min(), places.max() + 1, 17)
            people[index, 0, :, 2] = 0.9
            scores[index, 0] = min(1, len(rows) / 1024)
    return {"people": people, "scores": scores}


@pytest.mark.parametrize(("height", "width"), [(40, 40), (50, 60), (100, 130), (300, 200)])
@pytest.mark.parametrize("share", [0.42, 0.5, 0.55])
def test_someone_is_found_once_in_a_picture_of_any_size(
    height: int, width: int, share: float
) -> None:
    x, y = round(share * width), round((1 - share) * height)
    picture = spot(x, y, height, width)
    people, scores = pose.people_in(picture, sees_spots, (SIDE, SIDE, 3))
    assert people.shape == (1, 17, 3)
    assert people[0, 8, :2] == pytest.approx([x, y], abs=0.06 * max(height, width))
    assert scores[0] > 0


def test_a_picture_of_nobody_or_of_grey_is_answered() -> None:
    people, scores = pose.people_in(np.zeros((90, 120, 1)), sees_spots, (SIDE, SIDE, 3))
    assert len(people) == len(scores) == 0


def test_who_is_found_is_told_and_drawn(tmp_path: Path) -> None:
    decoder = Decoder(8, TREE, least_peak=0.3, least_score=0.2, radius=12.0, most=3)
    facts = {"joints": JOINTS, "bones": BONES, "decoder": decoder._asdict()}
    (tmp_path / pose.FACTS).write_text(json.dumps(facts))
    cells = SIDE // 8
    heat = np.zeros((1, cells, cells, 17), np.float32)
    heat[0, 2, 3] = 0.9
    heat[0, 2, 3, 9] = 0.25
    zeros = np.zeros((1, cells, cells, 34), np.float32)
    maps = {"heatmaps": heat, "offsets": zeros, "forward": zeros[..., :32]}
    maps["backward"] = maps["forward"]
    inputs = [{"name": "image", "shape": [1, SIDE, SIDE, 3]}]
    models = Models(tmp_path, {NETWORK: {"inputs": inputs}}, {NETWORK: lambda _: maps}, JOINTS)  # type: ignore[typeddict-item]
    answer = pose.answer(models, np.zeros((SIDE, SIDE, 3)), Namespace(least=0.3))
    assert answer.lines[0] == "1 person"
    assert answer.lines[2].split() == ["nose", "28.0", "20.0", "0.90"]
    assert not any("left wrist" in line for line in answer.lines)
    assert len(answer.lines) == 2 + 16
    assert answer.drawing is not None
    assert answer.drawing.points is not None
    assert answer.drawing.points[0, 9, 2] == 0
