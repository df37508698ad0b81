"""Spoken digits: recordings, what a network hears of them, and how the keyword recipes train."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.downloads import DataFile, locate, read_packaged
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.speech.adpcm import decode
from edgekit.on_device.log_mel import HOP, NUM_BANDS, log_mel
from edgekit.on_device.programs.keywords import NUM_SAMPLES, one_second, read_wav

ARCHIVE = DataFile(
    path="free-spoken-digit-dataset.tar.gz",
    sha256="21404fcebb7f03c6d6d632772d5dcaa8376c76cd0091e8682384e45d70d77a99",
    origin="github.com/Jakobovski/free-spoken-digit-dataset, commit 26eb9aa, as .tar.gz",
)
SMALL = "spoken_digits_small.npz"
DIGITS = tuple("0123456789")
NUM_FRAMES = NUM_SAMPLES // HOP
SHAPE = (NUM_FRAMES, NUM_BANDS)
"""What a network hears of a second."""

HEARD = Tensor(
    name="log_mel",
    shape=(1, *SHAPE),
    meaning="decibels / 20 above silence in 32 mel bands every 20 ms, 0..4",
)

TEST_TAKES = range(5)
"""The data set's own rule: each speaker's first five recordings of a digit are for tests."""

VALIDATION_TAKES = range(5, 7)
NUM_CALIBRATION = 300
SOURCE = (
    "Jackson et al., Free Spoken Digit Dataset, 2018, "
    "https://github.com/Jakobovski/free-spoken-digit-dataset"
)


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Recordings of spoken digits.

    Attributes:
        samples: `(n, 8000)`, float32 in -1..1: the middle second, silence around shorter ones.
        lengths: `(n,)`: samples that are not this added silence.
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
def recordings(size: Size) -> Recordings:
    """Return all 3,000 recordings, or the packaged sample, in the order of their names.

    20 of the 3,000 are longer than a second; what is beyond the middle second is cut off.

    Raises:
        Unavailable, BadData: The archive is not on this machine, or not the expected one.
    """
    if size == "full":
        named = _read_archive()
    else:
        arrays = read_packaged(SMALL)
        sounds = decode(arrays["codes"], arrays["lengths"])
        named = {str(name): sound for name, sound in zip(arrays["names"], sounds, strict=True)}
    names = sorted(named)
    parts = [name.split("_") for name in names]
    return Recordings(
        samples=np.stack([one_second(named[name]) for name in names]),
        lengths=np.array([min(len(named[name]), NUM_SAMPLES) for name in names]),
        digits=np.array([int(digit) for digit, _, _ in parts], np.int32),
        takes=np.array([int(take) for _, _, take in parts]),
        speakers=np.array([speaker for _, speaker, _ in parts]),
    )


def of_split(split: Split, size: Size) -> Recordings:
    """Return a split's recordings; the test split is the data set's own."""
    found = recordings(size)
    test, validation = (np.isin(found.takes, t) for t in (TEST_TAKES, VALIDATION_TAKES))
    if split in ("test", "validation"):
        return found.only(test if split == "test" else validation)
    train = found.only(~(test | validation))
    if split == "train":
        return train
    count = min(NUM_CALIBRATION, len(train.digits))
    return train.only(np.linspace(0, len(train.digits) - 1, count).round().astype(int))


def spoken_digits(split: Split, size: Size) -> Dataset:
    """Return what is heard of each recording, `(n, 50, 32)`, and its digit `(n,)`."""
    return heard(of_split(split, size))


def heard(found: Recordings) -> Dataset:
    """Return recordings as a network hears them."""
    return Dataset(inputs={"log_mel": log_mel(found.samples)}, targets=found.digits)


def augmented(found: Recordings, rng: np.random.Generator) -> Array:
    """Return recordings as they might have been, `(n, 8000)`.

    Each is spoken up to 15 % faster or slower, at any time within the second, up to 10 dB louder or
    softer, before noise that is 14 to 50 dB below it.
    """
    count = len(found.digits)
    speed = rng.uniform(0.85, 1.15, (count, 1)).astype(np.float32)
    free = np.maximum(NUM_SAMPLES - found.lengths[:, np.newaxis] / speed, 0)
    start = rng.uniform(0, 1, (count, 1)) * free
    left = (NUM_SAMPLES - found.lengths[:, np.newaxis]) // 2
    position = (np.arange(NUM_SAMPLES) - start) * speed + left
    whole = np.clip(position.astype(int), 0, NUM_SAMPLES - 2)
    part = (position - whole).astype(np.float32)
    inside = (position >= 0) & (position <= NUM_SAMPLES - 1)
    near, far = (np.take_along_axis(found.samples, whole + k, axis=1) for k in (0, 1))
    sound = inside * (near * (1 - part) + far * part)
    gain = 10 ** rng.uniform(-0.5, 0.5, (count, 1)).astype(np.float32)
    noise = rng.standard_normal((count, NUM_SAMPLES), np.float32)
    noise *= 10 ** rng.uniform(-2.5, -0.7, (count, 1)).astype(np.float32)
    noise *= sound.std(axis=1, keepdims=True)
    spoken: Array = np.clip((sound + noise) * gain, -1, 1).astype(np.float32)
    return spoken


def fit(
    model: Any,
    found: Recordings,
    *,
    epochs: int,
    peak_learning_rate: float,
    progress: Progress,
    after_batch: Callable[[], None] = lambda: None,
) -> Any:
    """Train a classifier of `log_mel` on recordings that are augmented anew for every epoch.

    Args:
        model: Returned trained; softmax over the digits.
        found: What to train on.
        epochs: Times each recording is heard.
        peak_learning_rate: At the top: it rises for a tenth of the steps, then falls as a cosine.
        progress: Told of every epoch.
        after_batch: Called after each step, to keep weights within what they may be.
    """
    import keras

    batch_size = 32 if len(found.digits) > 1000 else 8  # few recordings need many steps too
    steps = -(-len(found.digits) // batch_size)
    rate = warm_up_and_fall(peak_learning_rate, epochs * steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    rng = np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())
    for epoch in range(epochs):
        inputs = _augmented_log_mel(found, rng)
        called = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: after_batch()
        )
        fitted = model.fit(
            inputs, found.digits, batch_size=batch_size, verbose=0, callbacks=[called]
        )
        loss = fitted.history["loss"][0]
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {loss:.3f}")
    return model


def accuracy(scores: Array, dataset: Dataset) -> float:
    """Return the share of recordings whose highest score is their digit, in percent."""
    return 100 * float(np.mean(np.argmax(scores, axis=-1) == dataset.targets))


def _augmented_log_mel(found: Recordings, rng: np.random.Generator) -> Array:
    """In pieces, which fit into the processor's cache and a small memory."""
    pieces = np.array_split(np.arange(len(found.digits)), -(-len(found.digits) // 128))
    return np.concatenate([log_mel(augmented(found.only(piece), rng)) for piece in pieces])


def _read_archive() -> dict[str, Array]:
    """Return the samples of every WAV file in the archive, by its name without ending."""
    path = locate(ARCHIVE)
    found = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if member.isfile() and name.suffix == ".wav":
                    stream = archive.extractfile(member)
                    found[name.stem] = read_wav(io.BytesIO(stream.read() if stream else b""))
    except (tarfile.TarError, ValueError) as error:
        raise BadData(f"'{path.name}' holds something that is no recording: {error}") from error
    return found
