"""Scores that recipes of several fields share."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array


def accuracy(scores: Array, labels: Array) -> float:
    """Return the share of examples whose highest score is that of their label, in percent.

    Args:
        scores: `(n, classes)`; higher means more likely.
        labels: Class numbers, `(n,)`.
    """
    return 100 * float(np.mean(np.argmax(scores, axis=-1) == labels))
