"""What a program in another language does with `before` of a `bundle.json`, from its words alone.

Nothing of edgekit's own before-processing is used, except subwords, which come from a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.subwords import Subwords

Before = Mapping[str, Any]


def picture(before: Before, pixels: Array) -> Array:
    """Return the network's picture, `(height, width, channels)`; of tiles the first."""
    height, width = before["height"], before["width"]
    rows, columns = pixels.shape[:2]
    if before["fit"] == "cover":
        scale = min(rows / height, columns / width)
        made = averaged(pixels, height, width, scale, scale)
    elif before["fit"] == "letterbox":
        scale = max(rows / height, columns / width)
        made = averaged(pixels - before["fill"], height, width, scale, scale) + before["fill"]
    else:
        small = min(1.0, (before["longest"] or max(rows, columns)) / max(rows, columns))
        seen = max(1, round(rows * small)), max(1, round(columns * small))
        made = averaged(pixels, *seen, rows / seen[0], columns / seen[1])
        lacking = [(0, max(0, height - seen[0])), (0, max(0, width - seen[1])), (0, 0)]
        made = np.pad(made, lacking, mode="symmetric")[:height, :width]
    if before["channels"] == 1 and made.shape[2] == 3:
        made = (made * before["grey"]).sum(axis=2, keepdims=True)
    equal = np.zeros(before["channels"])
    return np.asarray((made + equal - before["mean"]) / before["std"])


def averaged(pixels: Array, height: int, width: int, down: float, across: float) -> Array:
    """Return the mean over the area of each new pixel, around the middle; outside is 0."""
    lower = np.tensordot(_shares(pixels.shape[0], height, down), pixels.astype(np.float64), 1)
    smaller = np.tensordot(_shares(pixels.shape[1], width, across), lower, (1, 1))
    return np.asarray(smaller.swapaxes(0, 1))


def _shares(old: int, new: int, scale: float) -> Array:
    """Return how much of each old row is in each new one, `(new, old)`."""
    start = old / 2 + (np.arange(new)[:, None] - new / 2) * scale
    first, last = np.arange(old), np.arange(old) + 1
    covered = np.minimum(start + scale, last) - np.maximum(start, first)
    return np.asarray(np.clip(covered, 0, None) / scale)


def sound(before: Before, samples: Array) -> Array:
    """Return the features of a recording, `(hops, bands)`."""
    length, window, hop = before["samples"], before["window"], before["hop"]
    if len(samples) < length:
        left = (length - len(samples)) // 2
        samples = np.pad(samples, (left, length - len(samples) - left))
    start = (len(samples) - length) // 2
    heard = np.concatenate([np.zeros(window - hop), samples[start : start + length]])
    taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)) * 2 / window
    corners = np.linspace(
        _mel(before["lowest_hz"]), _mel(before["highest_hz"]), before["bands"] + 2
    )
    pitch = _mel(np.arange(window // 2 + 1) * before["rate"] / window)
    features = np.zeros((length // hop, before["bands"]))
    for number in range(length // hop):
        frame = heard[number * hop : number * hop + window] * taper
        power = np.abs(np.fft.rfft(frame)) ** 2
        for band, (low, peak, high) in enumerate(
            zip(corners, corners[1:], corners[2:], strict=False)
        ):
            weights = np.interp(pitch, [low, peak, high], [0, 1, 0], left=0, right=0)
            level = 10 * np.log10(1 + weights @ power / before["quietest"])
            features[number, band] = level / before["decibels"]
    return features


def _mel(hertz: Any) -> Any:
    return 1127 * np.log(1 + np.asarray(hertz) / 700)


def text(before: Before, words: str, folder: Path) -> Array:
    """Return the numbers of a text's subwords, `(length,)`."""
    if before["normalize"] == "words":
        kept = re.findall(r"[a-z0-9]+(?:'[a-z]+)*|[!?]", words.lower().replace("\u2019", "'"))
        words = " ".join(kept).replace("'", "")
    merges = (folder / before["subwords"]).read_text(encoding="utf-8")
    ids, length = Subwords.from_text(merges).encode(words), before["length"]
    if len(ids) > length:
        ids = [*ids[: length // 2], *ids[len(ids) - length // 2 :]]
    return np.array([*ids, *[before["padding"]] * (length - len(ids))])
