"""Operators that reduce, search or normalize along axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from edgekit.core.types import Array

from .drawn import NUMBERS, WHOLE, Draw, Drawn, Operand, Random, axis_of, flip, plain, shape, values


def _mean(x: Array, **axes: Any) -> Array:
    """Return the mean, of whole numbers rounded towards zero as C++ does."""
    mean: Array = np.mean(x, **axes)
    return np.trunc(mean) if x.dtype.kind == "i" else mean


REDUCTIONS: dict[str, Callable[..., Array]] = {
    "SUM": np.sum,
    "MEAN": _mean,
    "REDUCE_MAX": np.max,
    "REDUCE_MIN": np.min,
    "REDUCE_PROD": np.prod,
}
LOGICAL: dict[str, Callable[..., Array]] = {"REDUCE_ANY": np.any, "REDUCE_ALL": np.all}


def draws() -> Iterator[tuple[str, Draw]]:
    """Give the name of each operator and what draws one."""
    for name, function in REDUCTIONS.items():
        yield name, partial(_reduction, name, function, (*NUMBERS, *WHOLE))
    for name, function in LOGICAL.items():
        yield name, partial(_reduction, name, function, ("bool",))
    for name, function in {"ARG_MAX": np.argmax, "ARG_MIN": np.argmin}.items():
        yield name, partial(_search, name, function)
    yield "SOFTMAX", _softmax
    yield "LOG_SOFTMAX", partial(_along_the_last, "LOG_SOFTMAX", _log_softmax)
    yield "L2_NORMALIZATION", partial(_along_the_last, "L2_NORMALIZATION", _normalized)
    yield "CUMSUM", _cumulated
    yield "TOPK_V2", _largest


def _apart(random: Random, drawn: tuple[int, ...]) -> Array:
    """Draw numbers no two of which are alike, in 8 bits either."""
    count = int(np.prod(drawn))
    return (random.permutation(count).reshape(drawn) - count / 2) * (4 / max(count, 1))


def _reduction(
    name: str, function: Callable[..., Array], types: tuple[str, ...], random: Random
) -> Drawn:
    given = shape(random)
    rank = len(given)
    axes = [int(a) for a in random.permutation(rank)[: int(random.integers(1, rank + 1))]]
    counted = [axis - rank if flip(random, 0.25) else axis for axis in axes]
    keep = flip(random)
    low, high = (0.6, 1.5) if name == "REDUCE_PROD" else (-2.0, 2.0)
    axis = plain(counted[0]) if len(axes) == 1 and flip(random, 0.3) else plain(np.array(counted))
    return Drawn(
        operator=name,
        operands=[Operand(values(random, given, low, high)), axis],
        truth=lambda x, _: function(x, axis=tuple(axes), keepdims=keep),
        types=types,
        table="ReducerOptions",
        options={"keepDims": keep},
        moves=name in ("REDUCE_MAX", "REDUCE_MIN"),
    )


def _search(name: str, function: Callable[..., Array], random: Random) -> Drawn:
    given = shape(random)
    axis = axis_of(random, len(given))
    kind = str(random.choice(["int32", "int64"]))
    apart = np.argsort(random.random((*given,)), axis=axis) * 0.4
    return Drawn(
        operator=name,
        operands=[Operand(apart), plain(axis)],
        truth=lambda x, _: function(x, axis=axis),
        types=("float32", "int8", "uint8", "int32"),
        table="ArgMaxOptions" if name == "ARG_MAX" else "ArgMinOptions",
        options={"outputType": {"int32": 2, "int64": 4}[kind]},
        answers=(kind,),
    )


def _exponentials(x: Array) -> Array:
    return np.asarray(np.exp(x - x.max(axis=-1, keepdims=True)))


def _softmax(random: Random) -> Drawn:
    beta = 1.0 if flip(random, 0.8) else float(random.uniform(0.5, 2.0))

    def truth(x: Array) -> Array:
        powers = _exponentials(beta * x)
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    given = Operand(values(random, shape(random), -4, 4))
    return Drawn(
        operator="SOFTMAX", operands=[given], truth=truth, table="SoftmaxOptions",
        options={"beta": beta},
    )  # fmt: skip


def _log_softmax(x: Array) -> Array:
    return np.asarray(
        x - x.max(axis=-1, keepdims=True) - np.log(_exponentials(x).sum(axis=-1, keepdims=True))
    )


def _normalized(x: Array) -> Array:
    return np.asarray(x / np.sqrt(np.square(x).sum(axis=-1, keepdims=True)))


def _along_the_last(name: str, function: Callable[[Array], Array], random: Random) -> Drawn:
    given = Operand(values(random, shape(random), 0.3, 3))
    table = "L2NormOptions" if name == "L2_NORMALIZATION" else ""
    return Drawn(operator=name, operands=[given], truth=function, table=table)


def _cumulated(random: Random) -> Drawn:
    given = shape(random)
    axis, exclusive, reverse = axis_of(random, len(given)), flip(random), flip(random)

    def truth(x: Array, _: Array) -> Array:
        x = np.flip(x, axis) if reverse else x
        total = np.cumsum(x, axis=axis)
        total = total - x if exclusive else total
        return np.flip(total, axis) if reverse else total

    return Drawn(
        operator="CUMSUM",
        operands=[Operand(values(random, given)), plain(axis)],
        truth=truth,
        types=("float32", *WHOLE),
        table="CumsumOptions",
        options={"exclusive": exclusive, "reverse": reverse},
    )


def _largest(random: Random) -> Drawn:
    given = shape(random)
    count = int(random.integers(1, given[-1] + 1))
    apart = np.argsort(random.random(given), axis=-1) * 0.4

    def truth(x: Array, _: Array) -> list[Array]:
        places = np.argsort(-x, axis=-1, kind="stable")[..., :count]
        return [np.take_along_axis(x, places, axis=-1), places]

    return Drawn(
        operator="TOPK_V2",
        operands=[Operand(apart), plain(count)],
        truth=truth,
        types=("float32", "int8", "uint8", "int32"),
        answers=("", "int32"),
        table="TopKV2Options",
        moves=True,
    )
