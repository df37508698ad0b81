"""Fashion-MNIST: 60,000 + 10,000 grey pictures of 28x28 pixels, ten kinds of clothing.

`tiny` takes the 6,000 + 1,000 pictures that ship with edgekit.

Source: Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017, https://arxiv.org/abs/1708.07747.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.recipe import Tensor
from edgekit.core.types import Array, Size, Split
from edgekit.domains.learning.downloads import read_idx, read_packaged
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.pictures import FASHION_MNIST
from edgekit.on_device.pictures import to_pgm

SHAPE = (28, 28, 1)
IMAGE = Tensor(name="image", shape=(1, *SHAPE), meaning="grey image, 0..1")
SOURCE = "Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017, https://arxiv.org/abs/1708.07747"
EXAMPLE = "example.pgm"
LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def garments(split: Split, size: Size) -> tuple[Array, Array]:
    """Return pictures `(n, 28, 28, 1)`, float32 in 0..1, and their class numbers `(n,)`, int32.

    The last twelfth of the training pictures is for validation; 500 of the others calibrate.
    """
    part = "t10k" if split == "test" else "train"
    images, labels = read_upstream(part) if size == "full" else read_small(part)
    num_validation = len(images) // 12
    if split == "validation":
        images, labels = images[-num_validation:], labels[-num_validation:]
    elif split != "test":
        images, labels = images[:-num_validation], labels[:-num_validation]
    if split == "calibration":
        images, labels = images[:500], labels[:500]
    return images[..., np.newaxis].astype(np.float32) / 255, labels.astype(np.int32)


def read_upstream(part: str) -> tuple[Array, Array]:
    """Return all pictures and labels of `part`, "train" or "t10k", as uint8."""
    images, labels = (
        read_idx(locate(FASHION_MNIST, f"fashion-mnist/{part}-{kind}-ubyte.gz"))
        for kind in ("images-idx3", "labels-idx1")
    )
    return images, labels


def read_small(part: str) -> tuple[Array, Array]:
    """Return the packaged pictures and labels of `part`, "train" or "t10k", as uint8."""
    arrays = read_packaged("fashion_mnist_small.npz")
    split = "test" if part == "t10k" else part
    return arrays[f"{split}_images"], arrays[f"{split}_labels"]


def example(size: Size) -> dict[str, bytes]:
    """Return a test picture as a file to try a bundle with."""
    images, _ = read_small("t10k")
    return {EXAMPLE: to_pgm(images[0])}
