"""A folder of WAV files a class, as recordings of a second at 8 kHz, in splits."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, reason
from edgekit.core.types import Array
from edgekit.domains.own_data.class_folders import ClassFile, ClassFolders, class_folders
from edgekit.domains.own_data.examples import Examples, balance
from edgekit.domains.own_data.files import remembered
from edgekit.domains.own_data.splitting import ToSplit, content_key, pairs_of_equals, split
from edgekit.intake.media import SOUNDS, UNREADABLE, left_out, samples_of
from edgekit.on_device.log_mel import SAMPLE_RATE
from edgekit.on_device.programs.keywords import NUM_SAMPLES, one_second

SHORTEST = SAMPLE_RATE // 20
"""Samples of a recording; what is shorter than 50 ms is left out."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A WAV file that could be read.

    Attributes:
        samples: `(n,)` at 8 kHz, float32 in -1..1.
        rate: Of the file, in hertz.
    """

    file: ClassFile
    key: str
    samples: Array
    rate: int


@dataclass(frozen=True, kw_only=True)
class OwnSounds:
    """A user's recordings.

    Attributes:
        examples: `values` are `(n, 8000)`: the middle second; silence surrounds a shorter one.
        lengths: `(n,)`: samples of the recording itself.
    """

    examples: Examples
    lengths: Array


@remembered
def own_sounds(folder: Path) -> OwnSounds:
    """Read a user's recordings: WAV files of any rate, of one channel or several.

    Args:
        folder: Holds a folder of WAV files for each class.

    Raises:
        BadData: The folder is laid out in another way, or holds too little.
    """
    folders = class_folders(folder, SOUNDS, "WAV files")
    recordings, failed = _read(folders)
    labels = np.array([each.file.label for each in recordings], np.int32)
    keys = [each.key for each in recordings]
    splits, rule = split(
        ToSplit(
            labels=labels,
            label_names=folders.names,
            keys=keys,
            groups=[each.file.group for each in recordings],
            given=[each.file.split for each in recordings],
            alike=pairs_of_equals(keys),
            where=f"'{folder}'",
            what="WAV files",
        )
    )
    kept = np.flatnonzero(splits != "")
    chosen = [recordings[index] for index in kept]
    examples = Examples(
        values=np.stack([one_second(each.samples) for each in chosen]),
        labels=labels[kept],
        label_names=folders.names,
        sources=tuple(str(each.file.path.relative_to(folder)) for each in chosen),
        splits=splits[kept],
        remarks=(
            *balance(labels[kept], folders.names, "WAV files"),
            *_lengths_and_rates(chosen),
            *rule,
            *left_out(failed, len(folders.files), "WAV files"),
            *folders.passed_over("WAV file"),
        ),
    )
    lengths = np.array([min(len(each.samples), NUM_SAMPLES) for each in chosen])
    return OwnSounds(examples=examples, lengths=lengths)


def resampled(samples: Array, rate: int) -> Array:
    """Return samples of a rate in hertz at 8 kHz, float32; what is above 4 kHz is filtered out."""
    if rate == SAMPLE_RATE:
        return samples.astype(np.float32)
    from scipy.signal import resample_poly

    common = math.gcd(rate, SAMPLE_RATE)
    return np.asarray(
        resample_poly(samples, SAMPLE_RATE // common, rate // common), np.float32
    ).clip(-1, 1)


def _read(folders: ClassFolders) -> tuple[list[Recording], dict[str, str]]:
    recordings, failed = [], {}
    for file in folders.files:
        try:
            samples, rate = samples_of(file.path)
            samples = resampled(samples, rate)
            if len(samples) < SHORTEST:
                raise ValueError(f"{len(samples) / SAMPLE_RATE * 1000:.0f} ms; 50 are the least")
            if not samples.any():
                raise ValueError("silence")
            key = content_key(file.path.read_bytes())
            recordings.append(Recording(file=file, key=key, samples=samples, rate=rate))
        except UNREADABLE as error:
            failed[str(file.path.relative_to(folders.root))] = reason(error)
    if not recordings:
        name, why = next(iter(failed.items()))
        raise BadData(f"No WAV file of '{folders.root}' can be used; '{name}': {why}.")
    recordings.sort(key=lambda each: (each.key, str(each.file.path)))
    return recordings, failed


def _lengths_and_rates(recordings: list[Recording]) -> tuple[str, ...]:
    rates = Counter(each.rate for each in recordings)
    counted = ", ".join(f"{count:,} of {rate:,} Hz" for rate, count in sorted(rates.items()))
    said = f"The network hears a second at 8,000 Hz, one channel; given were {counted}."
    longer = sum(len(each.samples) > NUM_SAMPLES for each in recordings)
    if not longer:
        return (said,)
    return (said, f"Longer than a second: {longer:,}, of which the middle second was used.")
