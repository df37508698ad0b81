"""How a trained model becomes a file: which optimizations, with which options, and which precision.

Its text names folders and files: `int8`, `pruned-int8`, `pruned,sparsity=0.5-int8`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from edgekit.core.errors import BadInput

Precision = Literal["float32", "float16", "dynamic_int8", "int8", "int16x8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "dynamic_int8", "int8", "int16x8")
"""Which part has which type.

- `float32`: weights and activations float32.
- `float16`: weights stored as float16, computed in float32 (CPU) or float16 (GPU).
- `dynamic_int8`: weights int8; activations quantized while running.
- `int8`: weights and activations int8.
- `int16x8`: activations int16, weights int8.
"""

CALIBRATED: tuple[Precision, ...] = ("int8", "int16x8")
"""Precisions whose activations have fixed ranges, which are measured on calibration data."""

Io = Literal["int8", "uint8", "float"]
IO: tuple[Io, ...] = ("int8", "uint8", "float")
"""What goes into and comes out of an `int8` file; `float` also of an `int16x8` file, where it is
int16 otherwise. `uint8` is what cameras give, with a zero point of its own."""

_OPTIMIZATION = re.compile(r"([A-Za-z]\w*)((?:,\w+=[^,]+)*)")
_BETWEEN = re.compile(r"-(?=[A-Za-z])")
"""A dash before a letter: that of a number such as 1e-05 is part of the number."""


def check_io(io: str | None, precisions: Sequence[Precision]) -> None:
    """Refuse a type of inputs and outputs that none of some precisions can have.

    Args:
        io: One of `IO`; None leaves every precision its own.
        precisions: Of the files to be written; those that cannot have `io` keep their own.

    Raises:
        BadInput: It is not in `IO`, or fits none of the precisions.
    """
    if io is None:
        return
    if io not in IO:
        raise BadInput(f"io is '{io}'; allowed are {', '.join(IO)}.")
    fitting = CALIBRATED if io == "float" else ("int8",)
    if not set(fitting) & set(precisions):
        raise BadInput(
            f"io is '{io}' and the precision {' and '.join(precisions)}; only "
            f"{' and '.join(fitting)} files have a choice of inputs and outputs. Leave it out."
        )


class Option(NamedTuple):
    """One number that an optimization is told, such as the sparsity of pruning."""

    optimization: str
    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to make a file of a trained model.

    Attributes:
        precision: Of the file.
        optimizations: Names of optimizations; a build applies one, since a second would undo it.
        options: What they are told; everything else has the optimization's own default.
    """

    precision: Precision
    optimizations: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Return the variant that a text such as `pruned,sparsity=0.5-int8` names.

        Raises:
            BadInput: It does not end in a precision, or an option is not `name=number`.
        """
        *before, precision = _BETWEEN.split(text)
        if precision not in PRECISIONS:
            raise BadInput(
                f"Variant '{text}' has no known precision; allowed are {', '.join(PRECISIONS)}, "
                "alone or after an optimization as in 'pruned-int8'."
            )
        parts = [_parse_optimization(part, text) for part in before]
        return cls(
            precision=cast(Precision, precision),
            optimizations=tuple(name for name, _ in parts),
            options=tuple(option for _, options in parts for option in options),
        )

    def __str__(self) -> str:
        return "-".join((*map(self._text_of, self.optimizations), self.precision))

    @property
    def optimization(self) -> str:
        """What was done to the model before it was converted, as text; "" for nothing."""
        return "-".join(map(self._text_of, self.optimizations))

    def options_of(self, optimization: str) -> dict[str, float]:
        """Return what one optimization is told: option name -> number."""
        return {o.name: o.value for o in self.options if o.optimization == optimization}

    def _text_of(self, optimization: str) -> str:
        told = self.options_of(optimization).items()
        return ",".join((optimization, *(f"{name}={_number(value)}" for name, value in told)))


def _number(value: float) -> str:
    """Write a number as briefly as it can be read back: `16`, `0.5`, `1e-05`."""
    return str(int(value)) if value.is_integer() else repr(value)


def _parse_optimization(part: str, text: str) -> tuple[str, list[Option]]:
    matched = _OPTIMIZATION.fullmatch(part)
    try:
        if matched is None:
            raise ValueError
        name = matched[1]
        pairs = [item.split("=") for item in matched[2].split(",")[1:]]
        options = [Option(name, key, float(value)) for key, value in pairs]
        if not all(math.isfinite(option.value) for option in options):
            raise ValueError
        return name, options
    except ValueError as error:
        raise BadInput(
            f"Variant '{text}' holds '{part}'; an optimization is written as its name, with "
            "options as in 'pruned,sparsity=0.5-int8'."
        ) from error
