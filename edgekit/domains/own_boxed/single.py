"""Pictures of one thing each, with the box around it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.own_data.boxes import BoxedPictures
from edgekit.domains.own_data.files import counted
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.on_device.vision.boxes import NO_LABEL


def are_single(pictures: BoxedSet) -> Array:
    """Tell which pictures have exactly one box, `(n,)`."""
    return np.asarray((pictures.labels > NO_LABEL).sum(axis=1) == 1)


def only_single(given: BoxedPictures, folder: Path) -> BoxedPictures:
    """Return a user's pictures without those that have no box or several.

    Raises:
        BadData: There are none with exactly one box.
    """
    single = tuple(each for each in given.pictures if len(each.boxes) == 1)
    if not single:
        raise BadData(
            f"'{folder}' has no picture with exactly one box; this recipe takes pictures of one "
            "thing each. Add some, or take a recipe that detects."
        )
    left_out = len(given.pictures) - len(single)
    said = (f"Left out: {counted(left_out, 'picture')} with no box or several.",)
    return replace(given, pictures=single, remarks=(*given.remarks, *said * (left_out > 0)))
