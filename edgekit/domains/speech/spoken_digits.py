"""Spoken digits: recordings, their log-mel features, and how the keyword recipes train."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.recordings import SPOKEN_DIGITS
from edgekit.on_device.log_mel import HOP, NUM_BANDS, log_mel
from edgekit.on_device.programs.keywords import NUM_SAMPLES, one_second, read_wav

if TYPE_CHECKING:
    import keras

SMALL = "spoken_digits_small.npz"
DIGITS = tuple("0123456789")
NUM_FRAMES = NUM_SAMPLES // HOP
SHAPE = (NUM_FRAMES, NUM_BANDS)
"""Features of a second, `(frames, bands)`."""

LOG_MEL = Tensor(
    name="log_mel",
    shape=(1, *SHAPE),
    meaning="decibels / 20 above silence in 32 mel bands every 20 ms, 0..4",
)

TEST_TAKES = range(5)
"""The data set's own rule: each speaker's first five recordings of a digit are for tests."""

VALIDATION_TAKES = range(5, 7)
NUM_CALIBRATION = 300
CHUNK = 128
"""Recordings whose features are computed at a time: they fit into the processor's cache."""

SOURCE = (
    "Jackson et al., Free Spoken Digit Dataset, 2018, "
    "https://github.com/Jakobovski/free-spoken-digit-dataset"
)


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Recordings of spoken digits.

    Attributes:
        samples: `(n, 8000)`, float32 in -1..1: the middle second; silence pads shorter recordings
            on both sides.
        lengths: `(n,)`: samples of the recording itself, without the padding.
        digits: `(n,)`, 0..9.
        takes: `(n,)`: which of a speaker's recordings of the digit it is.
        speakers: `(n,)`, names.
    """

    samples: Array
    lengths: Array
    digits: Array
    takes: Array
    speakers: Array

    def only(self, chosen: Array) -> Recordings:
        """Return those that a mask or an array of indices chooses."""
        return Recordings(**{name: array[chosen] for name, array in vars(self).items()})


@lru_cache(maxsize=2)
def load_recordings(size: Size) -> Recordings:
    """Return all 3,000 recordings, or the packaged sample, in the order of their names.

    20 of the 3,000 are longer than a second; they are cut to the middle second.

    Raises:
        Unavailable, BadData: The archive is not on this machine, or not the expected one.
    """
    by_name = _read_archive() if size == "full" else _read_sample()
    names = sorted(by_name)
    parts = [name.split("_") for name in names]
    return Recordings(
        samples=np.stack([one_second(by_name[name]) for name in names]),
        lengths=np.array([min(len(by_name[name]), NUM_SAMPLES) for name in names]),
        digits=np.array([int(digit) for digit, _, _ in parts], np.int32),
        takes=np.array([int(take) for _, _, take in parts]),
        speakers=np.array([speaker for _, speaker, _ in parts]),
    )


def of_split(split: Split, size: Size) -> Recordings:
    """Return a split's recordings; the test split is the data set's own."""
    recordings = load_recordings(size)
    test, validation = (np.isin(recordings.takes, t) for t in (TEST_TAKES, VALIDATION_TAKES))
    if split in ("test", "validation"):
        return recordings.only(test if split == "test" else validation)
    train = recordings.only(~(test | validation))
    if split == "train":
        return train
    count = min(NUM_CALIBRATION, len(train.digits))
    return train.only(np.linspace(0, len(train.digits) - 1, count).round().astype(int))


def spoken_digits(split: Split, size: Size) -> Dataset:
    """Return the features of a split's recordings, `(n, 50, 32)`, and their digits, `(n,)`."""
    return as_dataset(of_split(split, size))


def as_dataset(recordings: Recordings) -> Dataset:
    """Return the features of recordings, `(n, 50, 32)`, and their digits, `(n,)`."""
    return Dataset(inputs={"log_mel": log_mel(recordings.samples)}, targets=recordings.digits)


def augmented(recordings: Recordings, rng: np.random.Generator) -> Array:
    """Return randomly varied samples of recordings, `(n, 8000)`, float32 in -1..1.

    Each is played up to 15 % faster or slower, starts at a random time within the second, is up to
    10 dB louder or softer, and gets noise 14 to 50 dB below it.
    """
    count = len(recordings.digits)
    speed = rng.uniform(0.85, 1.15, (count, 1)).astype(np.float32)
    free = np.maximum(NUM_SAMPLES - recordings.lengths[:, np.newaxis] / speed, 0)
    start = rng.uniform(0, 1, (count, 1)) * free
    left = (NUM_SAMPLES - recordings.lengths[:, np.newaxis]) // 2
    position = (np.arange(NUM_SAMPLES) - start) * speed + left
    whole = np.clip(position.astype(int), 0, NUM_SAMPLES - 2)
    fraction = (position - whole).astype(np.float32)
    inside = (position >= 0) & (position <= NUM_SAMPLES - 1)
    before, after = (np.take_along_axis(recordings.samples, whole + k, axis=1) for k in (0, 1))
    sound = inside * (before * (1 - fraction) + after * fraction)
    gain = 10 ** rng.uniform(-0.5, 0.5, (count, 1)).astype(np.float32)
    noise = rng.standard_normal((count, NUM_SAMPLES), np.float32)
    noise *= 10 ** rng.uniform(-2.5, -0.7, (count, 1)).astype(np.float32)
    noise *= sound.std(axis=1, keepdims=True)
    return np.asarray(np.clip((sound + noise) * gain, -1, 1), np.float32)


def fit(
    model: keras.Model,
    recordings: Recordings,
    *,
    epochs: int,
    peak_learning_rate: float,
    progress: Progress,
    after_batch: Callable[[], None] = lambda: None,
) -> keras.Model:
    """Train a classifier of `log_mel` on recordings that are augmented anew for every epoch.

    Args:
        model: Returned trained; softmax over the digits.
        recordings: What to train on.
        epochs: Times each recording is used.
        peak_learning_rate: The highest rate of `adamw`.
        progress: Told the loss after every epoch.
        after_batch: Called after each step, to put weights back into their allowed range.
    """
    import keras

    batch_size = 32 if len(recordings.digits) > 1000 else 8  # few recordings need many steps too
    steps = -(-len(recordings.digits) // batch_size)
    model.compile(adamw(peak_learning_rate, epochs * steps), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())
    for epoch in range(epochs):
        history = model.fit(
            _augmented_log_mel(recordings, rng),
            recordings.digits,
            batch_size=batch_size,
            verbose=0,
            callbacks=[
                keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: after_batch())
            ],
        ).history
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {history['loss'][0]:.3f}")
    return model


def _augmented_log_mel(recordings: Recordings, rng: np.random.Generator) -> Array:
    count = len(recordings.digits)
    chunks = np.array_split(np.arange(count), -(-count // CHUNK))
    return np.concatenate([log_mel(augmented(recordings.only(chunk), rng)) for chunk in chunks])


def _read_sample() -> dict[str, Array]:
    """Return the samples of the packaged recordings by name."""
    arrays = read_packaged(SMALL)
    sounds = np.split(arrays["samples"] / np.float32(32768), np.cumsum(arrays["lengths"])[:-1])
    return dict(zip(arrays["names"].tolist(), sounds, strict=True))


def _read_archive() -> dict[str, Array]:
    """Return the samples of every WAV file in the archive by its name without ending."""
    path = locate(SPOKEN_DIGITS)
    sounds = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if member.isfile() and name.suffix == ".wav":
                    stream = archive.extractfile(member)
                    sounds[name.stem] = read_wav(io.BytesIO(stream.read() if stream else b""))
    except (tarfile.TarError, ValueError) as error:
        raise BadData(f"'{path.name}' holds something that is no recording: {error}") from error
    return sounds
