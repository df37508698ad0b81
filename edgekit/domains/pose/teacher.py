"""What a teacher saw of the people in the film of pedestrians.

`benchmarks/samples/make_pedestrian_points.py` asked it, and says how.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.learning.downloads import read_packaged

POINTS = "pedestrian_points.npz"
MARGIN = 1.3
"""Side of the window around one person, in heights of the person, as the teacher saw it."""

SEEN = 0.5
"""How visible a joint must be to the teacher to count."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Everyone in the film.

    Attributes:
        frames: `(n,)`: number of the frame.
        boxes: `(n, 4)`: left, top, right, bottom in the film's pixels.
        people: `(n, 17, 3)`: x and y there, and 1 for joints that count; all 0 for those whom the
            teacher did not find.
    """

    frames: Array
    boxes: Array
    people: Array


@lru_cache(maxsize=1)
def labels() -> Labels:
    """Return what the teacher saw, whole."""
    arrays = read_packaged(POINTS)
    numbers, corners, sides = np.split(arrays["boxes"].astype(np.float64), [1, 3], axis=1)
    height = sides[:, 1:]
    # The teacher was shown a square around the middle of the box.
    corner = corners + sides / 2 - MARGIN * height / 2
    places = corner[:, None] + arrays["points"] / 255 * (MARGIN * height)[:, None]
    marks = arrays["visible"] >= 15 * SEEN
    people = np.concatenate([places, marks[..., None]], axis=2)
    return Labels(
        frames=np.asarray(numbers[:, 0], np.int64),
        boxes=np.concatenate([corners, corners + sides], axis=1),
        people=np.where(np.asarray(marks.any(axis=1))[:, None, None], people, 0),
    )
