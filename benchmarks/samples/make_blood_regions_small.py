"""Write the regions that selective search proposes of the small pictures of blood cells.

So that tiny builds and tests need neither OpenCV nor half a minute. 256 of a picture, as whole
pixels of the network's picture.

    python benchmarks/samples/make_blood_regions_small.py
"""

from __future__ import annotations

import numpy as np

from edgekit.core.paths import packaged
from edgekit.core.types import Array, Split
from edgekit.domains.vision.boxed_pictures import blood_cells
from edgekit.domains.vision.searched_regions import SAMPLE, SAMPLE_SHAPE
from edgekit.on_device.vision.selective_search import selective_search

MOST = 256


def regions_of(split: Split) -> Array:
    """Return the regions of a split's pictures, `(n, 256, 4)`, uint16."""
    images = blood_cells(split, "tiny", SAMPLE_SHAPE).images
    regions = np.zeros((len(images), MOST, 4), np.uint16)
    for index, image in enumerate(images):
        found = selective_search(image.astype(np.float32) / 255, MOST)
        regions[index, : len(found)] = np.rint(found)
    return regions


if __name__ == "__main__":
    splits: tuple[Split, ...] = ("train", "validation", "test")
    path = packaged("datasets") / SAMPLE
    found = {split: regions_of(split) for split in splits}
    np.savez_compressed(path, **found)  # type: ignore[arg-type]  # NumPy's stubs
    print(f"{path}: {path.stat().st_size:,} bytes")
