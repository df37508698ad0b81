"""Write `isbi_membranes_small.npz`: parts 320x320 of ten sections, as JPEG, with their masks.

Run `python benchmarks/samples/make_isbi_membranes_small.py` with EDGEKIT_DATA set to where the
archive is, or it is downloaded.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from edgekit.core.paths import atomic
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.segmentation.membranes import SMALL, load

SIDE = 320
"""Pixels: three tiles by three as a device cuts them."""
QUALITY = 60
SECTIONS = (0, 4, 8, 12, 16, 19, 20, 22, 25, 28)
"""Six to train on, one for validation, three for tests."""


def main() -> None:
    """Write the sample into `edgekit/datasets/`."""
    numbers, masked = load("full")
    files, cells = [], []
    for section in SECTIONS:
        index = numbers.index(section)
        corner = (512 - SIDE) * (section % 3) // 2  # not always the same part of the tissue
        part = slice(corner, corner + SIDE)
        file = io.BytesIO()
        pixels = masked.pictures[index][part, part, 0]
        Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=QUALITY)
        files.append(file.getvalue())
        cells.append(np.packbits(masked.masks[index][part, part] == 0, axis=1))
    with atomic(PACKAGED / SMALL) as path:
        np.savez_compressed(
            path,
            numbers=np.array(SECTIONS, np.int32),
            jpeg=np.frombuffer(b"".join(files), np.uint8),
            lengths=np.array([len(file) for file in files], np.int32),
            cells=np.stack(cells),
        )


if __name__ == "__main__":
    main()
