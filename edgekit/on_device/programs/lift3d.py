"""Say where a person's joints are in space, from where they are in a picture.

    python3 lift3d.py --variant int8 points.csv

A file holds a person a line: x and y of each of the 17 joints, in pixels, in the order of `JOINTS`.
"""

from __future__ import annotations

import csv
from argparse import Namespace
from pathlib import Path
from typing import Iterator, Sequence, Tuple

import numpy as np

from ..answering import Answer, Kind, Models, Program
from ..arrays import Array
from ..interpreter import find_file
from ..vision.drawing import Drawing

MODEL = "model"
JOINTS = (
    "hips",
    "head",
    "crown",
    "left shoulder",
    "left elbow",
    "left wrist",
    "right shoulder",
    "right elbow",
    "right wrist",
    "left hip",
    "left knee",
    "left ankle",
    "left toes",
    "right hip",
    "right knee",
    "right ankle",
    "right toes",
)
HIPS = 0
"""The joint that all others are measured from."""

BONES = (
    (0, 1),
    (1, 2),
    (1, 3),
    (3, 4),
    (4, 5),
    (1, 6),
    (6, 7),
    (7, 8),
    (0, 9),
    (9, 10),
    (10, 11),
    (11, 12),
    (0, 13),
    (13, 14),
    (14, 15),
    (15, 16),
)
SIDE = 240
"""Pixels of each of the three views that are drawn."""

REACH = 1.2
"""Metres from the hips that a view shows, to each side."""


def normalized(points: Array) -> Array:
    """Return what the network sees: a person's joints in a picture, wherever and however large.

    Args:
        points: `(n, 17, 2)`: x to the right and y down, in any unit.

    Returns:
        `(n, 34)`, float32: less the hips, as shares of the joints' distance from them (root of the
        mean square).

    Raises:
        ValueError: All joints of a person are in one place, or one is not a number.
    """
    relative = points - points[:, [HIPS]]
    spread = np.sqrt(np.square(relative).sum(axis=2).mean(axis=1))
    if not (spread > 0).all() or not np.isfinite(spread).all():
        raise ValueError(
            "A person's joints are all in one place, or one is missing; give x and y of all "
            f"{len(JOINTS)}."
        )
    return np.asarray(relative / spread[:, None, None], np.float32).reshape(len(points), -1)


def read_points(path: Path | str) -> Array:
    """Read people's joints from a CSV file, `(n, 17, 2)`; a first line of words is skipped.

    Raises:
        OSError: There is no such file.
        ValueError: A line does not hold 34 numbers.
    """
    rows = list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines()))
    rows = [row for row in rows if row]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    wanted = 2 * len(JOINTS)
    if not rows or any(len(row) != wanted or not all(map(_is_number, row)) for row in rows):
        raise ValueError(
            f"'{path}' has a line that does not hold {wanted} numbers, x and y of each joint "
            f"({', '.join(JOINTS)}); write one person a line."
        )
    return np.array(rows, np.float64).reshape(len(rows), len(JOINTS), 2)


def with_hips(others: Array) -> Array:
    """Return all joints `(17, 3)` of the 16 that a network answers, `(16, 3)`."""
    return np.insert(others, HIPS, 0, axis=0)


def views(others: Array, text: str = "") -> Drawing:
    """Return a drawing of a person in space: as the camera sees it, from its right, from above.

    Args:
        others: `(16, 3)`, metres from the hips: right, down and away from the camera.
        text: To write below.
    """
    joints = with_hips(others)
    shown = [joints[:, [0, 1]], joints[:, [2, 1]], joints[:, [0, 2]] * (1, -1)]
    middles = [((index + 0.5) * SIDE, 0.5 * SIDE) for index in range(len(shown))]
    points = [view * SIDE / (2 * REACH) + middle for view, middle in zip(shown, middles)]
    paper = np.ones((SIDE, SIDE * len(shown), 3), np.float32)
    paper[:, SIDE::SIDE] = 0.8
    return Drawing(picture=paper, points=np.stack(points), bones=BONES, text=text)


def answer(models: Models, points: Array, options: Namespace) -> Answer:
    """Say where each joint of a person `(17, 2)` is from the hips, in millimetres."""
    others = models.runs[MODEL]({"points": normalized(points[np.newaxis])})["joints"][0]
    lines = ["millimetres from the hips: right, down, away"]
    for name, place in zip(JOINTS, 1000 * with_hips(others)):
        lines.append("  ".join([f"{name:<14}", *(f"{value:6.0f}" for value in place)]))
    return Answer(lines, views(others, "as seen, from the right, from above"))


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _read(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, Array]]:
    for name in arguments:
        for number, points in enumerate(read_points(find_file(name, bundle)), 1):
            yield f"{name}, person {number}", points


POINTS: Kind[Array] = Kind(
    "POINTS", "CSV: a person a line, x and y of each of 17 joints, in pixels", _read
)
program = Program(
    answer,
    takes=POINTS,
    description="Say where a person's joints are in space, from where they are in a picture. "
    f"Joints, in order: {', '.join(JOINTS)}.",
    example="points.csv",
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
