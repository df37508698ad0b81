"""What a PoseNet should answer for people whose joints are known, and its loss.

Source: Papandreou, Zhu, Chen, Gidaris, Tompson, Murphy, PersonLab, 2018,
https://arxiv.org/abs/1803.08225.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.vision.key_points import Decoder

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor

    Answers = Mapping[str, Tensor]
    """`heatmaps (b, h, w, joints)`; `offsets`, `forward`, `backward`: `(b, h, w, 2 * ...)`."""

FAR = 1e6
"""Squared distance, in cells, of joints that do not count."""


class Fields(NamedTuple):
    """What each cell should answer, `b` pictures of `c` cells.

    Attributes:
        near: `(b, c, joints)`: 1 where a joint is within the radius of the cell's middle, else 0.
        offsets: `(b, c, joints, 2)`: from there to the nearest such joint, in cells.
        forward: `(b, c, pairs, 2)`: from the middle of a cell near the first joint of a pair to the
            second of that person.
        backward: The same from the second to the first.
    """

    near: Tensor
    offsets: Tensor
    forward: Tensor
    backward: Tensor


def fields(people: Tensor, cells: Array, decoder: Decoder) -> Fields:
    """Return what a network should answer for people.

    Args:
        people: `(b, most, joints, 3)`: x and y in pixels, and 1 for joints that are seen; joints of
            the same person that are not are only led to.
        cells: `(c, 2)`, from `middles`.
        decoder: Gives stride, tree and radius.
    """
    from keras import ops

    places = people[..., :2] / decoder.stride
    x, y = (
        ops.expand_dims(places[..., axis], 2) - cells[None, None, :, None, axis] for axis in (0, 1)
    )
    unseen = ops.expand_dims(1 - people[..., 2], 2)
    squares = ops.square(x) + ops.square(y) + FAR * unseen  # (b, most, c, joints)
    nearest = ops.min(squares, axis=1, keepdims=True)
    chosen = ops.cast(squares == nearest, "float32")
    chosen /= ops.sum(chosen, axis=1, keepdims=True)  # of two in one place, the mean
    near = ops.cast(nearest[:, 0] <= (decoder.radius / decoder.stride) ** 2, "float32")

    def of_nearest(joints: Array, led_to: Array) -> Tensor:
        weights, there = ops.take(chosen, joints, axis=3), ops.take(places, led_to, axis=2)
        return ops.einsum("bpcj,bpjk->bcjk", weights, there) - cells[None, :, None]

    first, second = np.array(decoder.tree, np.int32).T
    every = np.arange(people.shape[2], dtype=np.int32)
    return Fields(
        near=near,
        offsets=of_nearest(every, every),
        forward=of_nearest(first, second),
        backward=of_nearest(second, first),
    )


def middles(rows: int, columns: int) -> Array:
    """Return the middles of all cells, row by row, `(rows * columns, 2)`, x and y in cells."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def field_loss(targets: Answers, answers: Answers, decoder: Decoder) -> Tensor:
    """Return the loss of each picture, `(b,)`.

    Cross entropy of the heat maps, over the number of cells that are near a joint, so that it
    weighs the same in pictures of one person and of five; and mean absolute errors of offsets and
    ways, in cells, where they are looked up: near joints.

    Args:
        targets: `people (b, most, joints, 3)`; `ignored (b, boxes, 4)`: where people may be or not,
            so that whatever is answered is right.
        answers: Of the network, by name.
        decoder: Gives stride, tree and radius.
    """
    from keras import ops

    _, rows, columns, joints = answers["heatmaps"].shape
    cells = middles(rows, columns)
    wanted = fields(targets["people"], cells, decoder)
    judged = ops.expand_dims(_outside(targets["ignored"], cells * decoder.stride), -1)

    heat = ops.clip(ops.reshape(answers["heatmaps"], (-1, len(cells), joints)), 1e-6, 1 - 1e-6)
    surprise = -wanted.near * ops.log(heat) - (1 - wanted.near) * ops.log(1 - heat)
    count = ops.sum(wanted.near, axis=(1, 2)) + 1.0
    loss = ops.sum(judged * surprise, axis=(1, 2)) / (count + joints)

    first, second = np.array(decoder.tree, np.int32).T
    for name, right, near, weight in (
        ("offsets", wanted.offsets, wanted.near, 1.0),
        ("forward", wanted.forward, ops.take(wanted.near, first, axis=2), 0.5),
        ("backward", wanted.backward, ops.take(wanted.near, second, axis=2), 0.5),
    ):
        found = ops.reshape(answers[name], (-1, len(cells), right.shape[2], 2))
        errors = near * ops.sum(ops.abs(found - right), axis=-1)
        loss += weight * ops.sum(errors, axis=(1, 2)) / count
    return loss


def _outside(boxes: Tensor, places: Array) -> Tensor:
    """Return 1 for places `(c, 2)` outside of all boxes `(b, boxes, 4)`, else 0: `(b, c)`."""
    from keras import ops

    after = ops.all(places[None, None] >= boxes[:, :, None, :2], axis=-1)
    before = ops.all(places[None, None] <= boxes[:, :, None, 2:], axis=-1)
    return 1 - ops.cast(ops.any(ops.logical_and(after, before), axis=1), "float32")
