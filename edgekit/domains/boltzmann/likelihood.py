"""How likely pictures are to a restricted Boltzmann machine, in NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edgekit.core.types import Array


class Weights(NamedTuple):
    """The weights of a machine: `(visible, hidden)`, `(visible,)` and `(hidden,)`."""

    kernel: Array
    visible_bias: Array
    hidden_bias: Array

    def free_energy(self, visible: Array) -> Array:
        """Return the free energy of visible units `(..., visible)`, float64."""
        hidden = np.asarray(visible, np.float64) @ self.kernel + self.hidden_bias
        return np.asarray(-visible @ self.visible_bias - np.logaddexp(0, hidden).sum(axis=-1))

    def log_odds(self, visible: Array, units: Array) -> Array:
        """Return the log-odds that a visible unit is on, given all others.

        Args:
            visible: `(n, visible)`, 0 or 1.
            units: Which unit of each example, `(n,)`.
        """
        rows = np.arange(len(visible))
        off, on = np.array(visible, np.float64), np.array(visible, np.float64)
        off[rows, units], on[rows, units] = 0, 1
        return np.asarray(self.free_energy(off) - self.free_energy(on))


def log_probability(log_odds: Array, is_on: Array) -> Array:
    """Return the logarithm of the probability of what units are, from their log-odds."""
    return np.asarray(-np.logaddexp(0, np.where(is_on > 0.5, -log_odds, log_odds)))
