"""Photos of hands that sign the digits, and Keras' own networks trained on them in minutes.

2,062 photos by 218 students, ten signs each: the last fifth of the signers is the test set, so that
no test hand was seen in training.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.pictures import SIGN_LANGUAGE_DIGITS

if TYPE_CHECKING:
    import keras

MARGIN = 1 / 8
"""Share of the side by which photos are larger than what the network sees: room to shift."""
BATCH = 32
WARM_UP = 100
"""Steps in which the learning rate rises."""


@dataclass(frozen=True, kw_only=True)
class Photos:
    """Photos, `(n, side, side, 3)`, uint8, with their margin, and the digits they show."""

    train: Array
    train_digits: Array
    test: Array
    test_digits: Array


def photos(side: int) -> Photos:
    """Return the photos, sorted by signer, in the size of a network and its margin."""
    from PIL import Image

    larger = side + round(side * MARGIN)
    rows: list[tuple[int, int, Array]] = []
    with tarfile.open(locate(SIGN_LANGUAGE_DIGITS)) as archive:
        for member in archive:
            path = Path(member.name)
            content = archive.extractfile(member)
            if content and path.suffix.lower() == ".jpg":
                picture = Image.open(io.BytesIO(content.read())).convert("RGB")
                picture = picture.resize((larger, larger), Image.Resampling.BILINEAR)
                number = int(path.stem.removeprefix("IMG_").split()[0])
                rows.append((number, int(path.parent.name), np.asarray(picture)))
    rows.sort(key=lambda row: row[:2])
    pictures, digits = np.stack([row[2] for row in rows]), np.array([row[1] for row in rows])
    count = len(rows) * 4 // 5
    return Photos(
        train=pictures[:count],
        train_digits=digits[:count],
        test=pictures[count:],
        test_digits=digits[count:],
    )


def middle(pictures: Array, side: int) -> Array:
    """Return what a network sees of photos that are not shifted: float32, 0..255."""
    start = (pictures.shape[1] - side) // 2
    seen = pictures[:, start : start + side, start : start + side]
    return np.asarray(seen, np.float32)


def varied(pictures: Array, side: int, random: np.random.Generator) -> Array:
    """Return photos shifted, half of them mirrored, with other contrast and brightness."""
    count, room = len(pictures), pictures.shape[1] - side
    seen = np.empty((count, side, side, 3), np.float32)
    for k, (down, right) in enumerate(random.integers(0, room + 1, (count, 2))):
        part = pictures[k, down : down + side, right : right + side]
        seen[k] = part[:, ::-1] if random.random() < 0.5 else part
    mean = seen.mean((1, 2, 3), keepdims=True)
    contrast = random.uniform(0.7, 1.3, (count, 1, 1, 1))
    brightness = random.uniform(0.8, 1.2, (count, 1, 1, 1))
    changed = np.clip((seen - mean) * contrast + mean * brightness, 0, 255)
    return np.asarray(changed, np.float32)


def train(name: str, side: int, *, epochs: int, rate: float) -> keras.Model:
    """Return one of `keras.applications`, trained from nothing.

    Args:
        name: Such as `MobileNetV3Small`; one that takes pixels as 0..255.
        side: Of what it sees, in pixels.
        epochs: How often it sees all photos.
        rate: Highest learning rate of AdamW; it rises for `WARM_UP` steps and falls as a cosine.
    """
    import keras

    keras.utils.set_random_seed(0)
    random, data = np.random.default_rng(0), photos(side)
    model = getattr(keras.applications, name)(input_shape=(side, side, 3), weights=None, classes=10)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Made for epochs of ten thousand steps (0.99, 0.999); here an epoch has fifty.
            layer.momentum = 0.9
        if isinstance(layer, keras.layers.Dense) and layer is model.layers[-1]:
            # Drawn for 1,000 classes; with ten, the first loss is twice that of guessing.
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    steps = len(data.train) // BATCH
    falling = keras.optimizers.schedules.CosineDecay(
        rate / 10, steps * epochs - WARM_UP, warmup_target=rate, warmup_steps=WARM_UP
    )
    optimizer = keras.optimizers.AdamW(falling, weight_decay=0.01)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(epochs):
        order = random.permutation(len(data.train))[: steps * BATCH].reshape(steps, BATCH)
        right = []
        for chosen in order:
            seen = varied(data.train[chosen], side, random)
            figures = model.train_on_batch(seen, data.train_digits[chosen], return_dict=True)
            right.append(float(figures["accuracy"]))
        share = 100 * np.mean(right)
        print(f"{name} epoch {epoch + 1} of {epochs}: {share:.1f} % right", flush=True)
    return model
