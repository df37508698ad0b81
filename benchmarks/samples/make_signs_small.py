"""Write `signs_small.npz`: the photos of every fourth student, 64x64, as a JPEG file a student.

Run `python benchmarks/samples/make_signs_small.py` with EDGEKIT_DATA set to where the archive is.
The photos of a student stand side by side in one file, so that JPEG's tables are there once.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from edgekit.core.paths import atomic
from edgekit.core.types import Array
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.signs.photos import SMALL, load_photos
from edgekit.on_device.pictures import fit

SIDE = 64
QUALITY = 60


def main() -> None:
    """Write the sample into `edgekit/datasets/`."""
    every = load_photos("full")
    chosen = every.only(every.signers % 4 == 0)
    files = [_strip(chosen.pixels[chosen.signers == who]) for who in np.unique(chosen.signers)]
    with atomic(PACKAGED / SMALL) as path:
        np.savez_compressed(
            path,
            jpeg=np.frombuffer(b"".join(files), np.uint8),
            lengths=np.array([len(file) for file in files]),
            digits=chosen.digits.astype(np.uint8),
        )


def _strip(photos: Array) -> bytes:
    """Return photos `(n, side, side, 3)`, uint8, smaller and side by side as a JPEG file."""
    small = [fit(photo / np.float32(255), (SIDE, SIDE, 3)) for photo in photos]
    pixels = np.rint(np.concatenate(small, axis=1) * 255).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=QUALITY, optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    main()
