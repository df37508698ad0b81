"""Folders such as users bring: pictures and WAV files a class, and tables."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from PIL import Image

from edgekit.core.types import Array


def picture(path: Path, seed: int, *, side: int = 32, bright: int = 0, mode: str = "RGB") -> Path:
    """Write a picture of its own; a quarter of it is bright, so that classes can be told apart."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 120, (8, 8, 3), np.uint8)
    pixels = blocks.repeat(-(-side // 8), 0).repeat(-(-side // 8), 1)[:side, :side].copy()
    row, column = divmod(bright, 2)
    half = side // 2
    pixels[row * half : (row + 1) * half, column * half : (column + 1) * half] += 130
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def picture_folder(root: Path, *, names: tuple[str, ...] = ("cat", "dog"), count: int = 6) -> Path:
    """Write `count` pictures of each class."""
    for label, name in enumerate(names):
        for number in range(count):
            picture(root / name / f"{number}.png", 1000 * label + number, bright=label)
    return root


def masked_picture(
    root: Path,
    layout: str,
    seed: int,
    *,
    values: tuple[int, ...] = (0, 128, 255),
    side: tuple[int, int] = (60, 80),
    mode: str = "RGB",
) -> None:
    """Write a picture of coarse blocks and its mask, `(height, width)`; the last class is bright.

    Args:
        root: Where to.
        layout: Folder within it, with `{kind}` for images or masks.
        seed: Decides the blocks; the file is called after it.
        values: Of the mask, one for each class.
        side: Height and width.
        mode: Of the picture, as Pillow calls it.
    """
    random = np.random.default_rng(seed)
    classes = random.integers(0, len(values), (4, 4))
    classes.flat[: len(values)] = range(len(values))  # each is there
    rows, columns = (np.arange(length) * 4 // length for length in side)
    classes = classes[rows[:, None], columns]
    pixels = np.array([[20, 60, 30], [60, 20, 40], [200, 220, 210]])[classes % 3]
    for kind, array in (("images", pixels), ("masks", np.array(values)[classes])):
        path = root / layout.format(kind=kind) / f"{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(array.astype(np.uint8))
        image.convert(mode if kind == "images" else "L").save(path)


def masked_folder(
    root: Path,
    *,
    count: int = 10,
    values: tuple[int, ...] = (0, 128, 255),
    side: tuple[int, int] = (60, 80),
    mode: str = "RGB",
) -> Path:
    """Write `count` pictures and their masks."""
    for seed in range(count):
        masked_picture(root, "{kind}", seed, values=values, side=side, mode=mode)
    return root


def wav(path: Path, samples: Array, *, rate: int = 8000, channels: int = 1) -> Path:
    """Write samples in -1..1 as 16 bits, the same in each channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = np.rint(np.asarray(samples) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(whole.repeat(channels).tobytes())
    return path


def tone(hertz: float, seconds: float, rate: int, seed: int) -> Array:
    """Return a tone with a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.02, len(time))
    return np.asarray(0.5 * np.sin(2 * np.pi * hertz * time) + noise).clip(-1, 1)


def sound_folder(root: Path, *, count: int = 6) -> Path:
    """Write low and high tones; every second file has 44.1 kHz and two channels."""
    for label, hertz in {"low": 300.0, "high": 1500.0}.items():
        for number in range(count):
            rate, channels = ((8000, 1), (44100, 2))[number % 2]
            samples = tone(hertz + 10 * number, 0.5, rate, number)
            wav(root / label / f"{number}.wav", samples, rate=rate, channels=channels)
    return root


def texts_csv(path: Path, count: int = 40) -> Path:
    """Write texts of two labels."""
    words = {"good": ("lovely", "great", "bright"), "bad": ("dull", "awful", "weak")}
    lines = [
        f'"a {words[label][number % 3]} film, number {number}",{label}'
        for number in range(count)
        for label in words
    ]
    path.write_text("\n".join(["text,label", *lines]))
    return path


def hourly(count: int = 1000, *, missing: tuple[int, ...] = ()) -> list[str]:
    """Return lines of a time and a number, which rises and falls every day."""
    start = np.datetime64("2026-01-01T00")
    hours = np.arange(count)
    values = 20 + 5 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 1, count)
    return [f"{start + h}:00:00,{values[h]:.3f}" for h in hours if h not in missing]


def series_csv(path: Path, lines: list[str], heading: str = "time,value") -> Path:
    """Write lines below a heading."""
    path.write_text("\n".join([heading, *lines]) + "\n")
    return path
