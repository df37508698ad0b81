"""Read a picture from a file and bring it to the size and colours that a network takes.

NumPy arrays and the formats PGM and PPM need nothing but NumPy; other files are read by Pillow.

Source: the formats as in https://netpbm.sourceforge.net/doc/pgm.html and ppm.html; grey as in ITU-R
Recommendation BT.601.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

import numpy as np

from .arrays import Array

if TYPE_CHECKING:
    from PIL import Image

GREY = (0.299, 0.587, 0.114)
"""What red, green and blue add to how bright a colour looks."""

CHANNELS = {b"2": 1, b"5": 1, b"3": 3, b"6": 3}
"""Second letter of a file that begins with P2, P3 (numbers as text), P5 or P6 (binary)."""

_HEADER = re.compile(rb"P([2356])" + 3 * rb"(?:\s|#[^\n]*\n)+(\d+)" + rb"(?:\s|$)")


def read_picture(path: Path | str) -> Array:
    """Read a picture.

    Args:
        path: A `.npy` file: whole numbers 0..255, or floats 0..1, `(height, width)` or `(height,
            width, 1 or 3)`; a PGM or PPM file; or what Pillow opens, if it is installed.

    Returns:
        `(height, width, 1 or 3)`, float32 in 0..1.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no such picture.
        SystemExit: Only Pillow could read it, and it is not installed.
    """
    if Path(path).suffix == ".npy":
        return _checked(_read_array(path), path)
    content = Path(path).read_bytes()
    header = _HEADER.match(content)
    return _read_netpbm(content, header, path) if header else _read_by_pillow(path)


def fit(picture: Array, shape: Sequence[int]) -> Array:
    """Return a picture as a network takes it.

    The rule: of the picture's middle the largest part that has the network's proportions, and of
    that the mean over the area of each pixel. Colours become grey by BT.601; grey becomes three
    equal colours.

    Args:
        picture: `(height, width, 1 or 3)`, floats.
        shape: Height, width and channels (1 or 3) wanted.

    Returns:
        `(height, width, channels)` as wanted, float32. A picture of that shape stays as it is.

    Raises:
        ValueError: The network takes no pictures of 1 or 3 channels.

    Example:
        >>> fit(np.array([[[0.0], [0.5], [1.0], [0.2]]]), (1, 2, 1)).ravel().tolist()
        [0.5, 1.0]
        >>> fit(np.array([[[0.0], [1.0]], [[1.0], [1.0]]]), (1, 1, 1)).ravel().tolist()
        [0.75]
    """
    height, width, channels = picture_shape(shape)
    if picture.shape == (height, width, channels):
        return picture.astype(np.float32)
    scale = min(picture.shape[0] / height, picture.shape[1] / width)
    lower = means(picture, height, scale)
    smaller = means(lower.swapaxes(0, 1), width, scale).swapaxes(0, 1)
    return np.asarray(with_channels(smaller, channels), np.float32)


def with_channels(picture: Array, channels: int) -> Array:
    """Return a picture `(height, width, 1 or 3)` grey or in colours, as `fit` does."""
    if picture.shape[2] == channels:
        return picture
    grey = np.reshape(GREY, (3, 1))
    return np.asarray(picture @ grey if channels == 1 else picture.repeat(3, axis=2))


def described(name: str, shape: Sequence[int], fit: str, **more: object) -> dict[str, object]:
    """Return how a picture is brought to a network, as `bundle.json` says it.

    Args:
        name: Of the network's input.
        shape: Height, width and channels (1 or 3) wanted.
        fit: "cover" as `fit` here does it; "letterbox" or "tiles" as in `vision`.
        more: What else that way of fitting needs.

    Raises:
        ValueError: The network takes no pictures of 1 or 3 channels.
    """
    height, width, channels = picture_shape(shape)
    return {
        "kind": "picture",
        "input": name,
        "fit": fit,
        "height": height,
        "width": width,
        "channels": channels,
        # What a network wants beside 0..1 is a layer of its own, so that it is in the file.
        "mean": 0.0,
        "std": 1.0,
        "grey": list(GREY),
        **more,
    }


def to_pgm(picture: Array) -> bytes:
    """Return a grey picture `(height, width)`, uint8, as the content of a PGM file."""
    height, width = picture.shape
    return b"P5\n%d %d\n255\n" % (width, height) + picture.astype(np.uint8).tobytes()


def picture_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Return height, width and channels, if they are of a picture.

    Raises:
        ValueError: They are not.
    """
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise ValueError(
            f"The network takes arrays of shape {tuple(shape)}; a picture is (height, width, 1 or "
            "3). Use another program."
        )
    return shape[0], shape[1], shape[2]


def means(rows: Array, wanted: int, scale: float) -> Array:
    """Return `wanted` new rows, the means over `scale` old ones each, around the middle.

    What lies outside of the old rows counts as 0. Whole rows are summed, and parts of rows at the
    edges put right: no matrix product, for which a library would start threads.
    """
    rows = rows.astype(np.result_type(rows, np.float32), copy=False)
    edges = len(rows) / 2 + (np.arange(wanted + 1) - wanted / 2) * scale
    edges = np.clip(edges, 0, len(rows))
    whole = np.minimum(edges.astype(int), len(rows) - 1)
    begun = (edges - whole).astype(rows.dtype).reshape(-1, *[1] * (rows.ndim - 1)) * rows[whole]
    sums = np.add.reduceat(rows, whole, axis=0)[:-1]
    sums[np.diff(whole) == 0] = 0  # where reduceat gives the row itself
    return np.asarray((sums + np.diff(begun, axis=0)) / rows.dtype.type(scale))


def _read_array(path: Path | str) -> Array:
    try:
        return np.asarray(np.load(str(path), allow_pickle=False))
    except (EOFError, ValueError) as error:
        raise ValueError(f"'{path}' is not a .npy file of numbers; save it again.") from error


def _checked(array: Array, path: Path | str) -> Array:
    """Return an array that somebody saved as a picture, if it is one."""
    picture = array[..., np.newaxis] if array.ndim == 2 else array
    if picture.ndim != 3 or picture.shape[2] not in (1, 3) or not picture.size:
        raise ValueError(
            f"'{path}' has shape {array.shape}; a picture is (height, width) or (height, width, "
            "1 or 3). Save one picture."
        )
    limit = 255 if picture.dtype.kind in "iu" else 1
    lowest, highest = picture.min(), picture.max()
    if picture.dtype.kind not in "iuf" or not (lowest >= 0 and highest <= limit):
        raise ValueError(
            f"'{path}' holds {picture.dtype} from {lowest} to {highest}; a picture holds whole "
            "numbers from 0 to 255, or floats from 0 to 1. Scale them."
        )
    return picture.astype(np.float32) / np.float32(limit)


def _read_netpbm(content: bytes, header: "re.Match[bytes]", path: Path | str) -> Array:
    kind, *numbers = header.groups()
    width, height, largest = map(int, numbers)
    shape = (height, width, CHANNELS[kind])
    wanted, body = int(np.prod(shape)), content[header.end() :]
    if kind in b"23":
        values = np.array([int(value) for value in body.split()[:wanted] if value.isdigit()])
    elif largest < 256:
        values = np.frombuffer(body, np.uint8)[:wanted]
    else:
        values = np.frombuffer(body[: len(body) // 2 * 2], ">u2")[:wanted]
    if not 0 < largest < 65536 or not wanted or len(values) < wanted or values.max() > largest:
        raise ValueError(
            f"'{path}' says that it holds {height} x {width} x {shape[2]} numbers from 0 to "
            f"{largest}, and does not; save it again."
        )
    return (values.reshape(shape) / largest).astype(np.float32)


NO_PICTURE = "is no picture, or a damaged one"
"""What is said of a file that no reader knows."""


def _read_by_pillow(path: Path | str) -> Array:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise SystemExit(
            f"'{path}' is no .npy, PGM or PPM file, and others are read by Pillow, which is not "
            "here: pip install pillow."
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return _checked(_pixels(ImageOps.exif_transpose(image)), path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(
            f"'{path}' has more than {Image.MAX_IMAGE_PIXELS:,} pixels; make it smaller."
        ) from error
    except UnidentifiedImageError as error:
        raise ValueError(f"'{path}' {NO_PICTURE}; save it again.") from error


def _pixels(image: "Image.Image") -> Array:
    """Return the pixels of an upright picture; what is transparent becomes white."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut at 255
        values = np.asarray(image, np.float32)
        largest = 255 if values.max() < 256 and image.mode == "I" else 65535
        return np.asarray(np.clip(values / np.float32(largest), 0, 1)[..., np.newaxis])
    if "A" in image.getbands() or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return np.atleast_3d(np.asarray(image.convert(mode)))
