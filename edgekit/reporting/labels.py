"""Put labels beside the points of a plot so that none covers another label, a point or a line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_STEP = 7.0
_RINGS = 22
_ANGLES = 24


@dataclass(frozen=True)
class Box:
    """An upright rectangle; any unit, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def inside(self, other: Box) -> bool:
        """Whether this one lies wholly in the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


def place_labels(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    obstacles: Sequence[Box],
    bounds: Box,
) -> list[Box | None]:
    """Choose a free box near its anchor for each label.

    The line from a label to its anchor, which a far label needs, crosses no other line and no
    label, unless a label would be left out for it. Labels are placed one after the other, in a few
    orders; the outcome with the shortest lines wins.

    Args:
        anchors: Where the points are, x and y.
        sizes: Width and height of each label.
        obstacles: What no label may cover, the points themselves among it.
        bounds: Where labels may stand.

    Returns:
        A box for each label in order; None where nothing within reach is free.
    """
    count = len(anchors)
    orders = [
        sorted(range(count), key=lambda index: direction * anchors[index][axis])
        for axis in (1, 0)
        for direction in (1, -1)
    ]
    best: list[Box | None] = []
    for freedom in range(3):
        tried = (
            _place(anchors, sizes, order=order, obstacles=obstacles, bounds=bounds, freedom=freedom)
            for order in orders
        )
        best = min(tried, key=lambda boxes: _cost(anchors, boxes))
        if None not in best:
            break
    return best


def _place(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    order: Sequence[int],
    obstacles: Sequence[Box],
    bounds: Box,
    freedom: int,
) -> list[Box | None]:
    """Place the labels in the given order.

    With freedom 1 leaders may cross each other, with 2 labels too: better than a label left out.
    """
    labels: list[Box] = []
    leaders: list[Box] = []
    placed: list[Box | None] = [None] * len(anchors)
    for index in order:
        anchor = anchors[index]
        no_label = [*obstacles, *labels, *(leaders if freedom < 2 else ())]
        no_leader = [*(labels if freedom < 2 else ()), *(leaders if freedom < 1 else ())]
        free = (
            box
            for box in _candidates(anchor, sizes[index])
            if box.inside(bounds)
            and not _any_overlap([box], no_label)
            and not _any_overlap(_leader(anchor, box), no_leader)
        )
        placed[index] = box = next(free, None)
        if box:
            labels.append(box)
            leaders += _leader(anchor, box)
    return placed


def _cost(anchors: Sequence[tuple[float, float]], boxes: Sequence[Box | None]) -> tuple[int, int]:
    """Count the labels left out, then the specks of all leaders."""
    pairs = zip(anchors, boxes, strict=True)
    return boxes.count(None), sum(len(_leader(anchor, box)) for anchor, box in pairs if box)


def _any_overlap(some: Sequence[Box], others: Sequence[Box]) -> bool:
    return any(one.overlaps(other) for one in some for other in others)


def _leader(anchor: tuple[float, float], box: Box) -> list[Box]:
    """Specks along the line from an anchor to the middle of its label."""
    (x, y), middle_x, middle_y = anchor, (box.left + box.right) / 2, (box.bottom + box.top) / 2
    count = int(math.hypot(middle_x - x, middle_y - y) / 3)
    specks = []
    for step in range(1, count):
        at_x, at_y = x + (middle_x - x) * step / count, y + (middle_y - y) * step / count
        specks.append(Box(at_x - 1, at_y - 1, at_x + 1, at_y + 1))
    return specks


def _candidates(anchor: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    """Boxes around an anchor, ever further out, beginning at its right."""
    (x, y), (width, height) = anchor, size
    for ring in range(1, _RINGS + 1):
        for step in range(_ANGLES):
            # right, left, a little up, a little down, ...: a label at the side reads best
            half, flip = divmod(step, 2)
            angle = math.pi * half / (_ANGLES // 2) + math.pi * flip
            reach = _STEP * ring
            middle_x = x + math.cos(angle) * (reach + width / 2)
            middle_y = y + math.sin(angle) * (reach + height / 2)
            yield Box(
                middle_x - width / 2,
                middle_y - height / 2,
                middle_x + width / 2,
                middle_y + height / 2,
            )
