"""Whether a file still holds what optimizations left in the kernels: zeros, and equal weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.kinds import Trait
from edgekit.core.types import Array

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Left:
    """What an optimization left in one kernel.

    Attributes:
        size: Weights of the kernel.
        amount: How many of them are zero, or how many different values they have.
    """

    trait: Trait
    size: int
    amount: int


def left_in(model: keras.Model, traits: Iterable[Trait]) -> tuple[Left, ...]:
    """Return what is in the kernels of a Keras model that an optimization has just changed.

    A kernel has equal weights if it has at most half as many values as weights.
    """
    kernels = [np.asarray(weight) for weight in model.weights if len(weight.shape) > 1]
    found = []
    for trait in traits:
        for kernel in kernels:
            amount = _amount(trait, kernel)
            if (trait == "zeros" and amount) or (
                trait == "equal weights" and 2 * amount <= kernel.size
            ):
                found.append(Left(trait=trait, size=kernel.size, amount=amount))
    return tuple(found)


def lost(left: Sequence[Left], weights: Sequence[Array]) -> Mapping[Trait, str]:
    """Return what a file lost of it, a sentence for each trait; {} if nothing.

    A kernel is known in the file by how many weights it has, since converters rename and transpose
    it. One that the converter cut up or joined with others counts only among all zeros together.

    Args:
        left: Of the model that the file was made of.
        weights: All constants of the file with two axes or more, 0 standing for 0.0.
    """
    found: dict[Trait, str] = {}
    zeros = [each for each in left if each.trait == "zeros"]
    expected, there = sum(each.amount for each in zeros), sum(_amount("zeros", w) for w in weights)
    pairs = _pairs("zeros", zeros, weights)
    fewer = [(of, has) for of, has in pairs if has < of.amount]
    if fewer:
        of, has = min(fewer, key=lambda pair: pair[1] / pair[0].amount)
        found["zeros"] = (
            f"{len(fewer)} of {len(pairs)} kernels have fewer zeros than pruning left: one of "
            f"{of.size:,} weights has {has:,} instead of {of.amount:,}."
        )
    elif there < expected:
        found["zeros"] = f"The weights have {there:,} zeros; pruning left {expected:,}."
    pairs = _pairs("equal weights", [e for e in left if e.trait == "equal weights"], weights)
    more = [(of, has) for of, has in pairs if has > of.amount]
    if more:
        of, has = max(more, key=lambda pair: pair[1] / pair[0].amount)
        found["equal weights"] = (
            f"{len(more)} of {len(pairs)} kernels have more different values than clustering left: "
            f"one of {of.size:,} weights has {has:,} instead of {of.amount:,}."
        )
    return found


def _pairs(trait: Trait, left: Sequence[Left], weights: Sequence[Array]) -> list[tuple[Left, int]]:
    """Return each kernel with the amount that the file has of it; of equal sizes, best to best."""
    pairs: list[tuple[Left, int]] = []
    sign = -1 if trait == "zeros" else 1
    for size in {each.size for each in left}:
        of = sorted((e for e in left if e.size == size), key=lambda e: sign * e.amount)
        has = sorted((_amount(trait, w) for w in weights if w.size == size), key=lambda n: sign * n)
        pairs += zip(of, has, strict=False)
    return pairs


def _amount(trait: Trait, kernel: Array) -> int:
    return int(np.sum(kernel == 0)) if trait == "zeros" else len(np.unique(kernel))
