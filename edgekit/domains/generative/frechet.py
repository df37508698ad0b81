"""How far two sets of pictures are apart, told from the features that a network sees in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edgekit.core.types import Array


class Moments(NamedTuple):
    """Mean `(d,)` and covariance `(d, d)` of features, float64."""

    mean: Array
    covariance: Array


def moments(features: Array) -> Moments:
    """Return mean and covariance of features `(n, d)`, n at least 2."""
    values = np.asarray(features, np.float64)
    return Moments(values.mean(axis=0), np.atleast_2d(np.cov(values, rowvar=False)))


def frechet_distance(one: Moments, other: Moments) -> float:
    """Return the squared Fréchet distance of two normal distributions, at least 0.

    Of sets of pictures it tells how far apart they are, in the square of the features' unit. It is
    larger for fewer pictures, since their moments are less sure: compare figures of as many.

    Source: Dowson, Landau, The Fréchet distance between multivariate normal distributions, 1982,
        https://doi.org/10.1016/0047-259X(82)90077-X; for pictures: Heusel et al., GANs Trained by a
        Two Time-Scale Update Rule, 2017, https://arxiv.org/abs/1706.08500.
    """
    # The product of both covariances has the eigenvalues of this symmetric one, which has no
    # imaginary rounding errors.
    root = _root(one.covariance)
    values = np.linalg.eigvalsh(root @ other.covariance @ root)
    shared = float(np.sqrt(np.maximum(values, 0)).sum())
    spread = float(np.trace(one.covariance) + np.trace(other.covariance))
    return max(0.0, float(np.sum((one.mean - other.mean) ** 2)) + spread - 2 * shared)


def _root(covariance: Array) -> Array:
    """Return the symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
