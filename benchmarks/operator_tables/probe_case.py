"""What a case of the operator probe is: a small function that converts to one operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Shape = tuple[int, ...]
IMAGE: Shape = (1, 6, 6, 8)
RANKS: tuple[Shape, ...] = ((8,), (1, 8), (1, 6, 8), IMAGE, (1, 2, 3, 4, 8), (1, 2, 3, 2, 2, 8))
"""One shape of each rank that elementwise operators, reductions and reshapes are tried with."""

NUMBERS = ("float32", "int32", "int64")


@dataclass(frozen=True)
class Case:
    """A function that converts to an operator.

    Attributes:
        operator: What it converts to.
        function: Takes one tensor for each shape.
        shapes: Of its inputs.
        dtype: Of its inputs.
        low: Smallest random input.
        high: Largest random input.
        quantize: Whether it is also tried in int8, int16x8 and uint8.
        heavy: Whether its weights are large enough for dynamic-range quantization and float16.
        became: What today's converter writes instead of the operator; it is renamed in the file.
        answer: What the renamed operator answers, if not what `function` does.
    """

    operator: str
    function: Callable[..., object]
    shapes: tuple[Shape, ...] = (IMAGE,)
    dtype: str = "float32"
    low: float = -2.0
    high: float = 2.0
    quantize: bool = True
    heavy: bool = False
    became: str = ""
    answer: Callable[..., object] | None = None
    dtypes: tuple[str, ...] = field(default=())
