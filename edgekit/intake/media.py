"""One example from a picture, a sound, or a file of numbers.

Source: the preprocessing of pictures as in Keras, `keras/src/applications/imagenet_utils.py`, 2026,
https://github.com/keras-team/keras.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.core.errors import BadData, BadInput
from edgekit.core.recipe import Tensor
from edgekit.core.types import Array
from edgekit.on_device.pictures import fit, read_picture

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
SOUNDS = (".wav",)
NUMBERS = (".npy", ".npz")

UNREADABLE = (OSError, EOFError, ValueError, BadData, wave.Error, SyntaxError)
"""What reading one file may raise: Pillow's own exceptions are `OSError`s, and for a broken PNG a
`SyntaxError`."""

Pixels = Literal["0..255", "0..1", "-1..1", "caffe", "torch"]
"""What pixels become: a range, or the preprocessing that `keras.applications` calls by that name.

- `caffe`: blue, green, red, 0..255 with the mean of ImageNet taken away (VGG, ResNet, ResNet50).
- `torch`: 0..1, with the mean of ImageNet taken away, in units of its deviation (DenseNet).
"""

_TORCH_MEAN, _TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)

PREPARED: Mapping[str, Callable[[Array], Array]] = {
    "0..255": lambda x: x * 255,
    "0..1": lambda x: x,
    "-1..1": lambda x: x * 2 - 1,
    "caffe": lambda x: x[..., ::-1] * 255 - np.array(_CAFFE_MEAN),
    "torch": lambda x: (x - np.array(_TORCH_MEAN)) / np.array(_TORCH_DEVIATION),
}
"""Preprocessing -> function of a picture `(height, width, channels)` in 0..1."""


def check_pixels(pixels: str) -> None:
    """Refuse what is no key of `PREPARED`; "" is none that was asked for.

    Raises:
        BadInput: It is something else.
    """
    if pixels and pixels not in PREPARED:
        raise BadInput(f"--pixels is '{pixels}'; allowed are {', '.join(PREPARED)}.")


def picture(path: Path, tensor: Tensor, pixels: str) -> Array:
    """Return a picture as an input takes it.

    Args:
        path: What Pillow opens; PGM and PPM need nothing.
        tensor: The input, `(1, height, width, 1 or 3)` or `(1, height, width)`.
        pixels: A key of `PREPARED`; integers are always 0..255.

    Raises:
        OSError, ValueError: It cannot be read.
    """
    shape = tensor.shape[1:] if len(tensor.shape) == 4 else (*tensor.shape[1:], 1)
    values = fit(read_picture(path), shape)
    whole = np.dtype(tensor.dtype).kind in "iu"
    values = np.rint(values * 255) if whole else PREPARED[pixels](values)
    return values.reshape(tensor.shape[1:]).astype(tensor.dtype)


def check_pictures(tensor: Tensor, pixels: str, where: str) -> None:
    """Refuse an input that takes no pictures, or of which it is not known what pixels become."""
    shape = tensor.shape[1:]
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise BadInput(
            f"{where} holds pictures; input '{tensor.name}' takes {_listed(shape)}, and pictures "
            "are (height, width, 1 or 3). Prepare the examples as for training, and give them as "
            ".npy files or one .npz."
        )
    if np.dtype(tensor.dtype).kind in "iu" and pixels in ("", "0..255"):
        return
    if pixels not in PREPARED:
        start = f"pixels is '{pixels}'" if pixels else f"{where} holds pictures"
        raise BadInput(
            f"{start}; say what their pixels become for the {tensor.dtype} input '{tensor.name}', "
            f"as for training: --pixels {', '.join(PREPARED)}."
        )
    if np.dtype(tensor.dtype).kind in "iu" or (pixels in ("caffe", "torch") and shape[2:] != (3,)):
        raise BadInput(
            f"pixels is '{pixels}'; input '{tensor.name}' takes {tensor.dtype} {_listed(shape)}, "
            "for which a range is meant: integers 0..255, one channel 0..255, 0..1 or -1..1."
        )


def sound(path: Path, tensor: Tensor) -> tuple[Array, int]:
    """Return the first samples of a WAV file, in -1..1, and their rate in hertz.

    Channels become one, their mean. What is too short ends in zeros.

    Args:
        path: PCM of 8, 16, 24 or 32 bits.
        tensor: The input, `(1, samples)` or `(1, samples, 1)`, floats, or int16 for the samples
            themselves.

    Raises:
        OSError, EOFError, ValueError, wave.Error: It cannot be read.
    """
    samples, rate = samples_of(path)
    count = int(np.prod(tensor.shape))
    cut = np.zeros(count)
    cut[: len(samples)] = samples[:count]
    if np.dtype(tensor.dtype).kind in "iu":
        cut = np.rint(cut * 32768).clip(-32768, 32767)
    return cut.reshape(tensor.shape[1:]).astype(tensor.dtype), rate


def samples_of(path: Path) -> tuple[Array, int]:
    """Return all samples of a WAV file, `(samples,)` in -1..1, and their rate in hertz.

    Channels become one, their mean.

    Args:
        path: PCM of 8, 16, 24 or 32 bits.

    Raises:
        OSError, EOFError, ValueError, wave.Error: It cannot be read.
    """
    with wave.open(str(path), "rb") as file:
        width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
        content = file.readframes(file.getnframes())
    content = content[: len(content) // (width * channels) * width * channels]
    if not content:
        raise ValueError("it holds no samples")
    if rate <= 0:
        raise ValueError(f"its rate is {rate} Hz")
    return np.asarray(_samples(content, width).reshape(-1, channels).mean(axis=1)), rate


def left_out(failed: Mapping[str, str], total: int, what: str = "files") -> tuple[str, ...]:
    """Say which files could not be used; nothing where all could.

    Args:
        failed: Name of a file -> why.
        total: How many there were.
        what: They are.
    """
    if not failed:
        return ()
    named = [f"'{name}' ({why})" for name, why in failed.items()]
    more = [f"and {len(named) - 5} more"] if len(named) > 5 else []
    said = f"{len(failed)} of {total} {what} could not be used and were left out: "
    return (said + ", ".join([*named[:5], *more]) + ".",)


def check_sounds(tensor: Tensor, where: str) -> None:
    """Refuse an input that takes no sound."""
    shape = tensor.shape[1:]
    is_wave = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    if not is_wave or tensor.dtype not in ("float32", "float16", "float64", "int16"):
        raise BadInput(
            f"{where} holds WAV files; input '{tensor.name}' takes {tensor.dtype} "
            f"{_listed(shape)}, and sounds are samples, (count) or (count, 1). Compute what the "
            "model takes, such as a spectrogram, as for training, and give .npy files or one .npz."
        )


def _samples(content: bytes, width: int) -> Array:
    """Return PCM samples as floats in -1..1."""
    if width == 1:  # unsigned, as the format has it
        return (np.frombuffer(content, np.uint8).astype(np.float64) - 128) / 128
    if width == 3:
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0] / 2**31
    return np.frombuffer(content, f"<i{width}") / 2.0 ** (8 * width - 1)


def _listed(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
