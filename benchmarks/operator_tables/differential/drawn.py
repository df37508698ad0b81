"""What is drawn: an operator with operands and options, and a function that knows the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from edgekit.core.types import Array

Random = np.random.Generator
Role = Literal["data", "weights", "bias", "plain"]

SCALED = ("int8", "uint8", "int16")
"""Types whose integers stand for other numbers, by a scale and a zero point."""

NUMBERS = ("float32", *SCALED)
WHOLE = ("int32", "int64")
ANYTHING = (*NUMBERS, *WHOLE, "bool")

ACTIVATIONS: Mapping[int, Callable[[Array], Array]] = {
    0: lambda x: x,
    1: lambda x: np.maximum(x, 0),
    2: lambda x: np.clip(x, -1, 1),
    3: lambda x: np.clip(x, 0, 6),
}
"""Number of a fused activation in the schema -> what it does."""

_LARGEST = 2000


@dataclass(frozen=True)
class Operand:
    """One input of an operator.

    Attributes:
        values: What it stands for.
        constant: Whether it stands in the file.
        role: "plain" are axes, shapes and the like, which keep their own type in every file.
        channels: Axis of weights along which each index may have a scale of its own.
    """

    values: Array
    constant: bool = False
    role: Role = "data"
    channels: int = -1


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """An operator to write a file of.

    Attributes:
        operator: As `edgekit.tflite` names it.
        operands: In the operator's order.
        truth: Takes the values of the operands, as float64 where they are data; returns the values
            of the outputs.
        types: Those that its data may have; one is drawn. "hybrid" is float data by int8 weights.
        table: Of its options in the schema.
        options: Fields of that table.
        answers: Types of the outputs where they are not that of the data.
        moves: Whether converters give its outputs the scale of the data.
        scaled: Whether integers of 8 and 16 bits have scales.
    """

    operator: str
    operands: Sequence[Operand]
    truth: Callable[..., Array | Sequence[Array]]
    types: Sequence[str] = NUMBERS
    table: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    answers: Sequence[str] = ()
    moves: bool = False
    scaled: bool = True


Draw = Callable[[Random], Drawn]
"""Draws one operator."""


def moved(
    operator: str, operands: Sequence[Operand], truth: Callable[..., Any], **options: Any
) -> Drawn:
    """Return an operator that takes anything, and only moves it; `options` are fields."""
    return Drawn(
        operator=operator, operands=operands, truth=truth, types=ANYTHING, moves=True, **options
    )


def shape(random: Random, low: int = 1, high: int = 6) -> tuple[int, ...]:
    """Draw a shape of a rank between two; most have a first axis of 1, as converted models do."""
    usual = [rank for rank in (2, 3, 4, 4) if low <= rank <= high]
    rank = int(random.choice([*range(low, high + 1), *usual]))
    while True:
        drawn = [int(size) for size in random.integers(1, 10, rank)]
        if rank > 1 and random.random() < 0.7:
            drawn[0] = 1
        if np.prod(drawn) <= _LARGEST:
            return tuple(drawn)


def image(random: Random, channels: int | None = None) -> tuple[int, int, int, int]:
    """Draw the shape of images."""
    batch = 1 if random.random() < 0.75 else int(random.integers(2, 4))
    height, width = (int(size) for size in random.integers(4, 13, 2))
    return batch, height, width, channels or int(random.choice([1, 2, 3, 4, 6, 8, 12, 16]))


def values(random: Random, drawn: Sequence[int], low: float = -2.0, high: float = 2.0) -> Array:
    """Draw numbers."""
    return np.asarray(random.uniform(low, high, drawn))


def plain(*numbers: Any, dtype: str = "int32") -> Operand:
    """Return a constant of whole numbers, such as axes; of one number alone without any axis."""
    array = np.array(numbers[0] if len(numbers) == 1 else numbers, dtype)
    return Operand(array, constant=True, role="plain")


def flip(random: Random, probability: float = 0.5) -> bool:
    """Return whether something with a probability happens."""
    return bool(random.random() < probability)


def axis_of(random: Random, rank: int) -> int:
    """Draw an axis, now and then counted from behind."""
    axis = int(random.integers(rank))
    return axis - rank if flip(random, 0.25) else axis


def activation(random: Random) -> int:
    """Draw the number of a fused activation; most operators have none."""
    return int(random.choice([0, 0, 0, 1, 2, 3]))
