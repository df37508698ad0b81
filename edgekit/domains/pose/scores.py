"""How well key points are found: in a picture, and in space."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.vision.key_points import JOINTS


def mean_joint_error(found: Array, right: Array) -> float:
    """Return the mean distance of joints from where they are (MPJPE), in the unit of both.

    Args:
        found: `(n, joints, 3)`, or of any number of axes.
        right: The same.

    Source: Ionescu, Papava, Olaru, Sminchisescu, Human3.6M, 2014,
        https://doi.org/10.1109/TPAMI.2013.248.
    """
    return float(np.linalg.norm(np.asarray(found, np.float64) - right, axis=-1).mean())


def correct_joints(found: Array, people: Array, torsos: Array, share: float = 0.2) -> Array:
    """Tell which joints of people were found; PCK is the percentage of correct key points.

    A joint is right if it is found within a share of the torso's length of where it is. Each person
    is taken to be the one found who has most joints right, the surest first, each one once.

    Args:
        found: `(n, joints, 3)` of one picture, the surest first; rows of zeros are nobody.
        people: `(m, joints, 3)`: x, y, and 1 where the joint counts.
        torsos: `(m,)`, in pixels.
        share: Of the torso's length.

    Returns:
        `(m, joints)`; False where a joint does not count.

    Source: Yang, Ramanan, Articulated Human Detection with Flexible Mixtures of Parts, 2013,
        https://doi.org/10.1109/TPAMI.2012.261; with the torso as in Sapp, Taskar, MODEC, 2013.
    """
    apart = np.linalg.norm(found[:, None, :, :2] - people[None, :, :, :2], axis=-1)
    right = (apart <= share * torsos[:, None]) & (people[..., 2] > 0)
    right &= np.asarray((found[..., 2] > 0).any(axis=1))[:, None, None]
    correct = np.zeros(people.shape[:2], bool)
    free = np.ones(len(people), bool)
    for own in right:
        counts = np.where(free, own.sum(axis=1), 0)
        if counts.max(initial=0):
            best = int(counts.argmax())
            correct[best], free[best] = own[best], False
    return correct


def torsos(people: Array) -> Array:
    """Return the lengths of torsos, `(...)`, of people `(..., 17, 2 or 3)`: the longer diagonal."""

    def apart(first: str, second: str) -> Array:
        a, b = (people[..., JOINTS.index(name), :2] for name in (first, second))
        return np.asarray(np.linalg.norm(a - b, axis=-1))

    return np.maximum(apart("left shoulder", "right hip"), apart("right shoulder", "left hip"))


def mean_skeleton(known: Array, people: Array) -> Array:
    """Return people who all stand as people do in the mean, each where and as large as one given.

    Args:
        known: `(..., 17, 3)`: people to take the mean of; those without a joint that counts are
            nobody.
        people: `(..., 17, 3)`: gives the places and sizes; nobody stays nobody.
    """

    def frames(of: Array) -> tuple[Array, Array]:
        corner = of[..., :2].min(axis=-2, keepdims=True)
        return corner, of[..., :2].max(axis=-2, keepdims=True) - corner

    somebody = known[known[..., 2].any(axis=-1)]
    corner, size = frames(somebody)
    mean = ((somebody[..., :2] - corner) / size).mean(axis=0)
    corner, size = frames(people)
    there = np.asarray(people[..., 2].any(axis=-1))[..., None, None]
    placed = np.concatenate([corner + mean * size, np.ones_like(people[..., 2:])], axis=-1)
    return np.where(there, placed, 0).astype(np.float32)
