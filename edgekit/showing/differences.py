"""How differently two answers look, so that those that differ most can be shown first."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.vision.boxes import intersection_over_union
from edgekit.on_device.vision.drawing import Drawing
from edgekit.reporting.seen import without_shares

SHARE_OF_PIXELS = 0.05
"""Pixels of other classes from which on a mask is another answer."""
SHARE_OF_PERSON = 0.1
"""Of a person's extent: joints that far apart, in the mean, are another answer."""
SAME_BOX = 0.5
"""Least intersection over union of two boxes around the same thing."""


def difference(one: Drawing, other: Drawing) -> float:
    """Return how differently two answers look; from 1 on one would say that they differ.

    What counts is the class in words, without its score; boxes that have no partner; pixels of
    other classes; the distance of joints.
    """
    words = float(_said(one.text) != _said(other.text))
    return words + _of_boxes(one, other) + _of_masks(one, other) + _of_people(one, other)


def _said(text: str) -> str:
    """Return what the first line says, without how sure it is."""
    return without_shares((text.splitlines() or [""])[0])


def _of_boxes(one: Drawing, other: Drawing) -> float:
    """Return how many boxes have no partner of their class, and how badly the others fit."""
    first, second = (_boxes(each) for each in (one, other))
    left = list(range(len(second[0])))
    alone, gaps = 0, 0.0
    for box, kind in zip(*first, strict=True):
        fits = [
            float(intersection_over_union(box[None], second[0][k : k + 1])[0, 0])
            if second[1][k] == kind
            else 0.0
            for k in left
        ]
        best = int(np.argmax(fits)) if fits else -1
        if best >= 0 and fits[best] >= SAME_BOX:
            gaps += 1 - fits[best]
            del left[best]
        else:
            alone += 1
    return alone + len(left) + gaps / max(1, len(first[0]))


def _boxes(drawing: Drawing) -> tuple[Array, list[int]]:
    boxes = np.zeros((0, 4)) if drawing.boxes is None else np.asarray(drawing.boxes, np.float64)
    return boxes, [int(k) for k in drawing.kinds] or [0] * len(boxes)


def _of_masks(one: Drawing, other: Drawing) -> float:
    if one.mask is None or other.mask is None or np.shape(one.mask) != np.shape(other.mask):
        return float((one.mask is None) != (other.mask is None))
    return float(np.mean(np.asarray(one.mask) != np.asarray(other.mask))) / SHARE_OF_PIXELS


def _of_people(one: Drawing, other: Drawing) -> float:
    """Return the mean distance of joints as a share of their person; people are in order."""
    first, second = (list(each.people()) for each in (one, other))
    total = float(abs(len(first) - len(second)))
    for (joints, seen, _), (others, also, _) in zip(first, second, strict=False):
        if seen.shape != also.shape:
            return total + 1
        both = seen & also
        total += float(np.mean(seen != also)) if len(seen) else 0.0
        if both.any():
            extent = max(1.0, float(np.ptp(joints[seen], axis=0).max()))
            apart = np.linalg.norm(joints[both] - others[both], axis=1).mean()
            total += float(apart) / extent / SHARE_OF_PERSON
    return total
