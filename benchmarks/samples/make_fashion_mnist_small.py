"""Write `fashion_mnist_small.npz`: the first 600 + 100 images of each class of Fashion-MNIST.

Run `python benchmarks/samples/make_fashion_mnist_small.py`; it takes the four upstream files
from EDGEKIT_DATA, or downloads them.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.paths import atomic
from edgekit.core.types import Array
from edgekit.domains.fashion.garments import read_upstream
from edgekit.domains.learning.downloads import PACKAGED


def _balanced(images: Array, labels: Array, per_class: int) -> tuple[Array, Array]:
    """Keep the first `per_class` images of each class, in their original order."""
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == c)[:per_class] for c in range(10)]))
    return images[chosen], labels[chosen]


def main() -> None:
    """Write the sample into `edgekit/datasets/`."""
    train_images, train_labels = _balanced(*read_upstream("train"), 600)
    test_images, test_labels = _balanced(*read_upstream("t10k"), 100)
    with atomic(PACKAGED / "fashion_mnist_small.npz") as path:
        np.savez_compressed(
            path,
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
        )


if __name__ == "__main__":
    main()
