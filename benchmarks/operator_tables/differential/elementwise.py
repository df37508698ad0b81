"""Operators that take each number by itself, and pairs of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from .drawn import (
    ACTIVATIONS,
    NUMBERS,
    WHOLE,
    Draw,
    Drawn,
    Operand,
    Random,
    activation,
    flip,
    shape,
    values,
)

from edgekit.core.types import Array  # isort: skip

Unary = Callable[[Array], Array]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


UNARY: dict[str, Unary] = {
    "CEIL": np.ceil,
    "COS": np.cos,
    "ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "EXP": np.exp,
    "FLOOR": np.floor,
    "HARD_SWISH": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "LOGISTIC": _sigmoid,
    "RELU": ACTIVATIONS[1],
    "RELU6": ACTIVATIONS[3],
    "RELU_N1_TO_1": ACTIVATIONS[2],
    "RELU_0_TO_1": lambda x: np.clip(x, 0, 1),
    "ROUND": np.rint,
    "SIN": np.sin,
    "TANH": np.tanh,
}
POSITIVE: dict[str, Unary] = {"LOG": np.log, "RSQRT": lambda x: x**-0.5, "SQRT": np.sqrt}
COUNTED: dict[str, Unary] = {
    "ABS": np.abs, "NEG": np.negative, "SQUARE": np.square, "SIGN": np.sign,
    "ZEROS_LIKE": np.zeros_like,
}  # fmt: skip
STEPS = ("CEIL", "FLOOR", "ROUND", "SIGN")
"""Where a little noise before is a whole step after: drawn far from the steps."""

ARITHMETIC: dict[str, tuple[Callable[[Array, Array], Array], str]] = {
    "ADD": (np.add, "AddOptions"),
    "SUB": (np.subtract, "SubOptions"),
    "MUL": (np.multiply, "MulOptions"),
    "DIV": (np.divide, "DivOptions"),
}
PAIRS: dict[str, Callable[[Array, Array], Array]] = {
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "SQUARED_DIFFERENCE": lambda x, y: np.square(x - y),
}
COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "EQUAL": np.equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "NOT_EQUAL": np.not_equal,
}


def draws() -> Iterator[tuple[str, Draw]]:
    """Give the name of each operator and what draws one."""
    for name, function in UNARY.items():
        yield name, partial(_unary, name, function, -4.0, NUMBERS)
    for name, function in POSITIVE.items():
        yield name, partial(_unary, name, function, 0.3, NUMBERS)
    for name, function in COUNTED.items():
        yield name, partial(_unary, name, function, -4.0, (*NUMBERS, *WHOLE))
    yield "GELU", _gelu
    yield "LEAKY_RELU", _leaky
    yield "PRELU", _prelu
    yield "LOGICAL_NOT", partial(_unary, "LOGICAL_NOT", np.logical_not, 0.0, ("bool",))
    for name, (pair, table) in ARITHMETIC.items():
        yield name, partial(_arithmetic, name, pair, table)
    for name, pair in PAIRS.items():
        yield name, partial(_pair, name, pair, -2.0, (*NUMBERS, *WHOLE), ())
    for name, pair in COMPARISONS.items():
        yield (
            name,
            partial(_pair, name, pair, -2.0, ("float32", "int8", "uint8", *WHOLE), ("bool",)),
        )
    yield "POW", partial(_pair, "POW", np.power, 0.5, ("float32", "int32"), ())
    whole = ("float32", *WHOLE)
    yield "FLOOR_DIV", partial(_pair, "FLOOR_DIV", np.floor_divide, 1.0, whole, ())
    yield "FLOOR_MOD", partial(_pair, "FLOOR_MOD", np.mod, 1.0, whole, ())
    yield "ATAN2", partial(_pair, "ATAN2", np.arctan2, 0.5, ("float32",), ())
    for name, pair in {"LOGICAL_AND": np.logical_and, "LOGICAL_OR": np.logical_or}.items():
        yield name, partial(_pair, name, pair, 0.0, ("bool",), ())


def _unary(name: str, function: Unary, low: float, types: tuple[str, ...], random: Random) -> Drawn:
    given = values(random, shape(random), low, 4.0)
    if name in STEPS:
        given = np.rint(given) + 0.3
    return Drawn(operator=name, operands=[Operand(given)], truth=function, types=types)


def _gelu(random: Random) -> Drawn:
    def exact(x: Array) -> Array:
        return np.asarray(0.5 * x * (1 + _erf(x / math.sqrt(2))))

    given = Operand(values(random, shape(random), -4, 4))
    options = {"approximate": flip(random)}
    return Drawn(
        operator="GELU", operands=[given], truth=exact, table="GeluOptions", options=options
    )


def _leaky(random: Random) -> Drawn:
    alpha = float(random.uniform(0.05, 0.9))
    given = Operand(values(random, shape(random), -4, 4))
    return Drawn(
        operator="LEAKY_RELU", operands=[given], truth=lambda x: np.where(x > 0, x, alpha * x),
        table="LeakyReluOptions", options={"alpha": alpha},
    )  # fmt: skip


def _prelu(random: Random) -> Drawn:
    drawn = shape(random, 2, 5)
    slopes = (1,) * (len(drawn) - 2) + drawn[-1:] if flip(random, 0.7) else drawn[1:]
    operands = [
        Operand(values(random, drawn, -4, 4)),
        Operand(values(random, slopes, 0.05, 0.5), constant=True),
    ]
    return Drawn(operator="PRELU", operands=operands, truth=lambda x, a: np.where(x > 0, x, a * x))


def _two(random: Random, low: float, high: float) -> list[Operand]:
    """Draw two operands, one of which may be repeated, or stand in the file."""
    large = shape(random)
    small = large
    if flip(random, 0.6):
        small = tuple(1 if flip(random, 0.4) else size for size in large)
        small = small[int(random.integers(len(small))) :] if flip(random) else small
        small = () if flip(random, 0.1) else small
    operands = [
        Operand(values(random, large, low, high)),
        Operand(values(random, small, low, high), constant=flip(random, 0.4)),
    ]
    return operands[::-1] if flip(random, 0.3) else operands


def _arithmetic(
    name: str, function: Callable[[Array, Array], Array], table: str, random: Random
) -> Drawn:
    number = activation(random)
    options = {"fusedActivationFunction": number}
    if name in ("ADD", "SUB"):
        options["potScaleInt16"] = False
    one, other = _two(random, 0.5 if name == "DIV" else -2.0, 2.0)
    types = ("float32", "int8", "uint8") if name == "DIV" else (*NUMBERS, *WHOLE)
    return Drawn(
        operator=name, operands=[one, other], types=types, table=table, options=options,
        truth=lambda x, y: ACTIVATIONS[number](function(x, y)),
    )  # fmt: skip


def _pair(
    name: str,
    function: Callable[[Array, Array], Array],
    low: float,
    types: tuple[str, ...],
    answers: tuple[str, ...],
    random: Random,
) -> Drawn:
    return Drawn(
        operator=name, operands=_two(random, low, 2.0), truth=function, types=types,
        answers=answers, moves=name in ("MAXIMUM", "MINIMUM"),
    )  # fmt: skip
