"""Find the people in what a PoseNet answers: heat maps, offsets, and ways from joint to joint.

The network divides a picture into cells. For each joint a cell says whether it is near, and where
exactly; and for each pair of joints that a bone joins, where the second one of that person is, seen
from the first, and the other way round. So people are found from the surest joint outwards, any
number of them, without a box around anyone.

Source: Papandreou, Zhu, Chen, Gidaris, Tompson, Murphy, PersonLab, 2018,
https://arxiv.org/abs/1803.08225.
"""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import Array, Batch, Run

NETWORK = "network"
"""The part of a recipe that is the file; the whole answers people."""

JOINTS = (
    "nose",
    "left eye",
    "right eye",
    "left ear",
    "right ear",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
)
"""Those of COCO, in its order. Left is the person's left."""

TREE = (
    (0, 1),
    (1, 3),
    (0, 2),
    (2, 4),
    (0, 5),
    (5, 7),
    (7, 9),
    (5, 11),
    (11, 13),
    (13, 15),
    (0, 6),
    (6, 8),
    (8, 10),
    (6, 12),
    (12, 14),
    (14, 16),
)
"""Pairs of joints; from the nose every joint is reached in one way."""

BONES = (
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (5, 6),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
)
"""Pairs of joints that a drawing joins."""


class Maps(NamedTuple):
    """What a network says of one picture, whose cells are numbered by row and column.

    Attributes:
        heat: `(rows, columns, joints)`: how sure it is that a joint is near a cell's middle, 0..1.
        offsets: `(rows, columns, joints, 2)`: from there to the joint, x and y, in cells.
        forward: `(rows, columns, pairs, 2)`: from the middle of a cell near the first joint of a
            pair to the second one.
        backward: The same from the second to the first.
    """

    heat: Array
    offsets: Array
    forward: Array
    backward: Array


class Decoder(NamedTuple):
    """How people are found in maps.

    Attributes:
        stride: Pixels of a cell's side.
        tree: Pairs of joints, one for each way that the network tells.
        least_peak: How sure the first joint of a person must be.
        least_score: How sure a person must be.
        radius: Pixels within which two joints of a kind are one.
        most: People in a picture, the surest.
    """

    stride: int
    tree: Sequence[Sequence[int]]
    least_peak: float
    least_score: float
    radius: float
    most: int


def drive(decoder: Decoder) -> Callable[[Mapping[str, Run]], Run]:
    """Return what makes one function of the network: pictures in, people out.

    It answers `people (n, most, joints, 3)`: x and y in pixels of the network's picture and how
    sure each joint is, and `scores (n, most)`, the surest first; zeros where there is nobody.
    """

    def whole(runs: Mapping[str, Run]) -> Run:
        def run(batch: Batch) -> Batch:
            answers = runs[NETWORK](batch)
            return padded([found(maps, decoder) for maps in each_picture(answers)], decoder.most)

        return run

    return whole


def each_picture(answers: Batch) -> Iterator[Maps]:
    """Give what the network's outputs say of each picture."""
    names = ("heatmaps", "offsets", "forward", "backward")
    for heat, *ways in zip(*(np.asarray(answers[name]) for name in names)):
        yield Maps(heat, *(way.reshape(*way.shape[:2], -1, 2) for way in ways))


def found(maps: Maps, decoder: Decoder) -> Tuple[Array, Array]:
    """Return the people in a picture, the surest first.

    From each peak of a heat map, the surest first, a person's other joints are looked up one after
    the other, unless it is a joint of a person already found. A person is as sure as the joints
    that no surer person has, in the mean over all joints.

    Returns:
        `(n, joints, 3)`: x, y in pixels, and confidence; `(n,)`: scores in 0..1. At most
        `decoder.most`.
    """
    joints = maps.heat.shape[-1]
    people = np.zeros((0, joints, 3))
    scores = np.zeros(0)
    for joint, cell in _peaks(maps.heat, decoder.least_peak):
        start = _refined(maps, joint, _middle(cell))
        if _taken(people[:, joint], start, decoder).any():
            continue
        person = _grown(maps, joint, start, decoder)
        own = ~_taken(people, person, decoder).any(axis=0)
        score = float(person[own, 2].sum() / joints)
        if score >= decoder.least_score:
            scores = np.append(scores, score)
            in_pixels = person * (decoder.stride, decoder.stride, 1)
            people = np.concatenate([people, in_pixels[np.newaxis]])
    order = np.argsort(-scores, kind="stable")[: decoder.most]
    return people[order].astype(np.float32), scores[order].astype(np.float32)


def padded(found: Sequence[Tuple[Array, Array]], most: int) -> Batch:
    """Return the people of several pictures as arrays of one length, zeros where there is none."""
    joints = found[0][0].shape[1] if found else len(JOINTS)
    people = np.zeros((len(found), most, joints, 3), np.float32)
    scores = np.zeros((len(found), most), np.float32)
    for index, (own, sure) in enumerate(found):
        people[index, : len(own)] = own
        scores[index, : len(sure)] = sure
    return {"people": people, "scores": scores}


def distinct(people: Array, scores: Array, *, closeness: float = 0.2) -> Array:
    """Return which of several answers are kept, where some are about the same person.

    Args:
        people: `(n, joints, 3)`.
        scores: `(n,)`.
        closeness: Two are one person where their joints are apart by less than this share of the
            surer one's height and width, in the median.

    Returns:
        Indices, the surest first.
    """
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        surer = people[kept, :, :2]
        apart = np.median(np.linalg.norm(surer - people[index, :, :2], axis=2), axis=1)
        sizes = np.ptp(surer, axis=1).max(axis=1, initial=0)
        if not (apart < closeness * sizes).any():
            kept.append(int(index))
    return np.array(kept, np.int64)


def _peaks(heat: Array, least: float) -> Iterator[Tuple[int, Array]]:
    """Give joint and cell of each peak, the surest first; none of its 8 neighbours is surer."""
    around = np.pad(heat, ((1, 1), (1, 1), (0, 0)))
    rows, columns = heat.shape[:2]
    highest = np.max(
        [around[y : y + rows, x : x + columns] for y in range(3) for x in range(3)], axis=0
    )
    cells = np.argwhere((heat == highest) & (heat >= least))
    for row, column, joint in cells[np.argsort(-heat[tuple(cells.T)], kind="stable")]:
        yield int(joint), np.array([row, column])


def _middle(cell: Array) -> Array:
    """Return x and y of the middle of a cell, in cells."""
    return np.array([cell[1] + 0.5, cell[0] + 0.5])


def _cell_at(maps: Maps, place: Array) -> Array:
    """Return row and column of the cell that a place is in, or of the nearest one."""
    inside = np.clip(np.floor(place[::-1]), 0, np.array(maps.heat.shape[:2]) - 1)
    return np.asarray(inside, np.int64)


def _refined(maps: Maps, joint: int, place: Array) -> Array:
    """Return x, y and confidence of a joint that is near a place."""
    row, column = _cell_at(maps, place)
    exact = _middle(np.array([row, column])) + maps.offsets[row, column, joint]
    return np.array([*exact, maps.heat[row, column, joint]])


def _grown(maps: Maps, joint: int, start: Array, decoder: Decoder) -> Array:
    """Return all joints of a person `(joints, 3)`, x and y in cells, from one of them."""
    person = np.zeros((maps.heat.shape[-1], 3))
    person[joint] = start
    known = {joint}
    while len(known) < len(person):
        before = len(known)
        for number, (first, second) in enumerate(decoder.tree):
            for near, far, ways in (
                (first, second, maps.forward),
                (second, first, maps.backward),
            ):
                if near in known and far not in known:
                    cell = _cell_at(maps, person[near, :2])
                    reached = _middle(cell) + ways[cell[0], cell[1], number]
                    # Twice: the first step may start beside the disk where offsets are learned.
                    closer = _refined(maps, far, reached)
                    person[far] = _refined(maps, far, closer[:2])
                    known.add(far)
        if len(known) == before:
            raise ValueError(
                f"The pairs {list(decoder.tree)} do not join all {len(person)} joints; give a tree."
            )
    return person


def _taken(people: Array, joints: Array, decoder: Decoder) -> Array:
    """Tell which joints `(..., 3)`, in cells, are those of people found, in pixels."""
    apart = np.linalg.norm(people[..., :2] - joints[..., :2] * decoder.stride, axis=-1)
    return np.asarray(apart < decoder.radius)
