"""Noise on pictures, and what removed it before networks did."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array

DEVIATION = 0.2
"""Standard deviation of Gaussian noise, in parts of white."""

SPOILED = 0.2
"""Share of pixels that salt and pepper make white or black."""

KINDS = ("Gaussian noise", "salt and pepper")


def noisy(pictures: Array, seed: int) -> Array:
    """Return pictures with noise: Gaussian on every other, salt and pepper on the rest.

    Args:
        pictures: `(n, height, width, channels)`, float32 in 0..1.
        seed: Of the noise.
    """
    random = np.random.default_rng(seed)
    spoiled = np.array(pictures, np.float32)
    spoiled[::2] += random.normal(0, DEVIATION, spoiled[::2].shape).astype(np.float32)
    struck = random.random(spoiled[1::2].shape) < SPOILED
    spoiled[1::2][struck] = random.integers(0, 2, int(struck.sum()))
    return np.clip(spoiled, 0, 1)


def median_filtered(pictures: Array) -> Array:
    """Return pictures in which each pixel is the median of the 3 x 3 around it.

    Source: Tukey, Exploratory Data Analysis, 1977.
    """
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(pictures, size=(1, 3, 3, 1), mode="reflect"), np.float32)


def non_local_means(pictures: Array) -> Array:
    """Return pictures in which each pixel is the mean of those whose surroundings are alike.

    It is told the deviation of the Gaussian noise; what is alike is searched in the whole picture.

    Source: Buades, Coll, Morel, A non-local algorithm for image denoising, 2005,
        https://doi.org/10.1109/CVPR.2005.38, by scikit-image.
    """
    from skimage.restoration import denoise_nl_means

    def one(picture: Array) -> Array:
        grey, strength = picture[..., 0], 0.8 * DEVIATION
        return np.asarray(
            denoise_nl_means(grey, patch_size=5, patch_distance=9, h=strength, sigma=DEVIATION),
            np.float32,
        )

    return np.stack([one(picture) for picture in pictures])[..., np.newaxis]
