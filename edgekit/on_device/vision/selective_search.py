"""Propose regions of a picture that may hold a thing, without any network, by OpenCV.

Neighbouring pixels of like colour are joined to patches, and patches that are alike to larger ones;
each is proposed. A device needs OpenCV with its contributed modules for it.

Source: Uijlings et al., Selective Search for Object Recognition, 2013,
https://doi.org/10.1007/s11263-013-0620-5; as in OpenCV's `ximgproc.segmentation`.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from .boxes import non_maximum_suppression

SMALLEST_PATCH, STEP, BLUR = 30, 30, 0.8
"""Of the first segmentation, what is called k, its step, and sigma. Of BCCD's red cells these find
99 % at an IoU of 0.5, and OpenCV's defaults for its fast mode (150, 150) 75 %."""

SAME = 0.7
"""Of regions with a higher intersection over union only one is kept."""

SMALLEST, LARGEST = 10, 0.7
"""Least pixels of a side, and the largest part of the picture's longer side."""

LONGEST = 2.2
"""No side is more than so many times the other."""


def selective_search(image: Array, most: int) -> Array:
    """Return regions of a picture `(height, width, 3)`, floats in 0..1.

    Returns:
        `(k, 4)`, float32, at most `most`.

    Raises:
        SystemExit: OpenCV is not installed, or lacks its contributed modules.
    """
    try:
        import cv2

        search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    except (ImportError, AttributeError) as error:
        raise SystemExit(
            "This detector's regions are proposed by selective search of OpenCV, which is not "
            "here: pip install opencv-contrib-python-headless."
        ) from error
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    search.setBaseImage(np.ascontiguousarray(pixels[..., ::-1]))  # OpenCV's order: blue first
    search.switchToSelectiveSearchFast(SMALLEST_PATCH, STEP, BLUR)
    corners = np.asarray(search.process(), np.float32)
    sides = corners[:, 2:]
    regions = np.concatenate([corners[:, :2], corners[:, :2] + sides], axis=1)
    shorter, longer = sides.min(axis=1), sides.max(axis=1)
    wanted = (shorter >= SMALLEST) & (longer <= LARGEST * max(image.shape[:2]))
    regions = regions[wanted & (longer <= LONGEST * shorter)]
    # OpenCV ranks them partly by chance; here chance does the same for a picture every time.
    regions = regions[np.lexsort(regions.T)]
    rank = np.random.RandomState(0).permutation(len(regions))
    kept = non_maximum_suppression(regions, rank, threshold=SAME, most=most)
    return np.asarray(regions[kept])
