"""Boltzmann machines so small that every state can be counted."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from edgekit.core.types import Array
from edgekit.domains.boltzmann.likelihood import Weights


@st.composite
def small_machines(draw: st.DrawFn) -> Weights:
    """Return machines of at most five visible and four hidden units."""
    visible, hidden = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return random_machine(visible, hidden, seed=draw(st.integers(0, 2**32 - 1)))


def random_machine(visible: int, hidden: int, *, seed: int, spread: float = 2.0) -> Weights:
    """Return a machine with normally distributed weights."""
    random = np.random.default_rng(seed)
    shapes = ((visible, hidden), (visible,), (hidden,))
    return Weights(*(random.normal(0, spread, shape) for shape in shapes))


def states(units: int) -> Array:
    """Return all states of so many units, `(2 ** units, units)`."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=units)))


def joint(machine: Weights) -> Array:
    """Return the probability of each state of visible (rows) and hidden units (columns)."""
    visible, hidden = (states(len(bias)) for bias in machine[1:])
    energy = -(visible @ machine.kernel @ hidden.T)
    energy -= (visible @ machine.visible_bias)[:, None] + hidden @ machine.hidden_bias
    likely = np.exp(energy.min() - energy)
    return np.asarray(likely / likely.sum())
