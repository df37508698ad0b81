"""Read the samples that ship with edgekit, and IDX files.

Whole data sets are found, downloaded and checked by `edgekit/domains/upstream/`.
"""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.paths import packaged
from edgekit.core.types import Array

PACKAGED = packaged("datasets")
"""Small samples that ship with the package, so that `--size tiny` needs no download."""


def read_idx(path: Path) -> Array:
    """Read a gzip-compressed IDX file of unsigned bytes.

    Returns:
        uint8 array of the shape written in the file.

    Raises:
        BadData: It is not such a file, or it is truncated.

    Source: LeCun, Cortes, Burges, The MNIST database, http://yann.lecun.com/exdb/mnist.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zero, kind, rank = struct.unpack(">HBB", content[:4])
        shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
    except (OSError, EOFError, struct.error, gzip.zlib.error) as error:  # type: ignore[attr-defined]
        raise BadData(f"'{path.name}' is not a gzip-compressed IDX file: {error}.") from error
    body = content[4 + 4 * rank :]
    if (zero, kind) != (0, 8) or len(body) != int(np.prod(shape, dtype=object)):
        raise BadData(f"'{path.name}' is not a complete IDX file of unsigned bytes.")
    return np.frombuffer(body, np.uint8).reshape(shape)


def decode_picture(content: bytes) -> Array:
    """Return an upright picture in colours, `(height, width, 3)`, uint8.

    Args:
        content: Of a file that Pillow reads.
    """
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def read_packaged(name: str) -> dict[str, Array]:
    """Read the arrays of an `.npz` sample that ships with the package."""
    with np.load(PACKAGED / name, allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}
