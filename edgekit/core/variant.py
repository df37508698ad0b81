"""How a trained model becomes a file: which optimizations and which precision, each with options.

Its text names folders and files: `int8`, `pruned-int8`, `pruned-clustered-qat-int8`,
`int8,percentile=99.9`, `pruned,sparsity=0.5-int8,mse=1,examples=50`. Options are numbers; what an
optimization takes says its own file, and what a precision takes says `Quantization`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from edgekit.core.errors import BadInput

Precision = Literal["float32", "float16", "dynamic_int8", "int8", "int16x8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "dynamic_int8", "int8", "int16x8")
"""Which part has which type.

- `float32`: weights and activations float32.
- `float16`: weights stored as float16, computed in float32 (CPU) or float16 (GPU).
- `dynamic_int8`: weights int8, or of 4 bits with `weight_bits=4`; activations quantized while
  running.
- `int8`: weights and activations int8.
- `int16x8`: activations int16, weights int8.
"""

CALIBRATED: tuple[Precision, ...] = ("int8", "int16x8")
"""Precisions whose activations have fixed ranges, which are measured on calibration data."""

_NAME_AND_OPTIONS = re.compile(r"([A-Za-z]\w*)((?:,\w+=[^,]+)*)")
_BETWEEN = re.compile(r"-(?=[A-Za-z])")
"""A dash before a letter: that of a number such as 1e-05 is part of the number."""


class Option(NamedTuple):
    """One number that an optimization is told, such as the sparsity of pruning."""

    optimization: str
    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """How numbers become integers, where a precision leaves a choice.

    Attributes:
        percentile: Where the range of an activation ends, in percent of its values on calibration
            data; it begins at 100 less that. 100 is min-max: the range holds every value.
        mse: Whether that range is the one whose rounding and cutting have the least mean squared
            error together.
        examples: How many calibration examples are used, spread over all that are given; 0 for
            all.
        per_tensor: Whether a weight has one scale, instead of one for each output channel.
        float_layers: How many layers stay float32: the worst in the ranking of `edgekit explain`.
        weight_bits: Of the weights of dense layers and convolutions: 8 or 4.
        block: How many 4-bit weights of a dense layer share a scale; 0 for one scale each output
            channel.
    """

    percentile: float = 100.0
    mse: bool = False
    examples: int = 0
    per_tensor: bool = False
    float_layers: int = 0
    weight_bits: int = 8
    block: int = 0

    def __str__(self) -> str:
        return _told(self.told)

    @property
    def told(self) -> dict[str, float]:
        """What is not as usual: option -> number."""
        return {name: float(value) for name, value in vars(self).items() if value != _USUAL[name]}

    @property
    def calibrates_otherwise(self) -> bool:
        """Whether the ranges of activations are not min-max over all calibration examples."""
        return bool(self.percentile != 100 or self.mse or self.examples)


BLOCKS = (32, 64, 128, 256)
"""Lengths of blocks that LiteRT's kernels know."""


class _Rule(NamedTuple):
    """What an option of a precision may be."""

    precisions: tuple[Precision, ...]
    is_allowed: Callable[[float], bool]
    allowed: str


def _is_count(value: float) -> bool:
    return value >= 1 and value.is_integer()


_ONE = "1; leave it out otherwise"
_RULES: Mapping[str, _Rule] = {
    "percentile": _Rule(
        CALIBRATED, lambda value: 50 < value < 100, "above 50 and below 100; min-max without it"
    ),
    "mse": _Rule(CALIBRATED, lambda value: value == 1, _ONE),
    "examples": _Rule(CALIBRATED, _is_count, "a whole number from 1 on; all without it"),
    "per_tensor": _Rule(("int8",), lambda value: value == 1, _ONE),
    "float_layers": _Rule(("int8",), _is_count, "a whole number from 1 on"),
    "weight_bits": _Rule(("dynamic_int8",), lambda value: value == 4, "4; 8 without it"),
    "block": _Rule(("dynamic_int8",), lambda value: value in BLOCKS, "32, 64, 128 or 256"),
}
AS_USUAL = Quantization()
"""Min-max over all examples, a scale for each channel, no layer left in float."""

_USUAL = vars(AS_USUAL)


def options_for(precision: Precision) -> tuple[str, ...]:
    """Return the names of the options that a precision takes, as in `int8,percentile=99.9`."""
    return tuple(name for name, rule in _RULES.items() if precision in rule.precisions)


def parse_precision(text: str) -> tuple[Precision, Quantization]:
    """Return the precision and its options that a text such as `int8,percentile=99.9` names.

    Raises:
        BadInput: There is no such precision, it has no such option, or a number is out of range.
    """
    if (name := text.partition(",")[0]) not in PRECISIONS:
        raise BadInput(f"precision is '{name}'; allowed are {', '.join(PRECISIONS)}.")
    precision = name
    _, told = _parse(text, "Precision", "int8,percentile=99.9", text)
    _check(precision, told)
    chosen = {option: type(_USUAL[option])(value) for option, value in told.items()}
    return precision, Quantization(**chosen)


def precision_text(precision: Precision, quantization: Quantization = AS_USUAL) -> str:
    """Return what `parse_precision` reads: `int8,percentile=99.9`, or `int8` alone."""
    return ",".join(filter(None, (precision, str(quantization))))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to make a file of a trained model.

    Attributes:
        precision: Of the file.
        quantization: What else the precision is told.
        optimizations: Names of optimizations, in the order in which they are applied; a build takes
            several where each keeps what those before it left.
        options: What they are told; everything else has the optimization's own default.
    """

    precision: Precision
    quantization: Quantization = field(default=AS_USUAL)
    optimizations: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Return the variant that a text such as `pruned,sparsity=0.5-int8,mse=1` names.

        Raises:
            BadInput: It does not end in a precision, an option is not `name=number`, or the
                precision does not take it.
        """
        *before, last = _BETWEEN.split(text)
        if last.partition(",")[0] not in PRECISIONS:
            raise BadInput(
                f"Variant '{text}' has no known precision; allowed are {', '.join(PRECISIONS)}, "
                "alone or after an optimization as in 'pruned-int8'."
            )
        precision, quantization = parse_precision(last)
        parts = [_parse(part, "Variant", "pruned,sparsity=0.5-int8", text) for part in before]
        return cls(
            precision=precision,
            quantization=quantization,
            optimizations=tuple(name for name, _ in parts),
            options=tuple(
                Option(name, key, value) for name, told in parts for key, value in told.items()
            ),
        )

    def __str__(self) -> str:
        return "-".join((*map(self._text_of, self.optimizations), self.precision_text))

    @property
    def precision_text(self) -> str:
        """The precision with its options, as `parse_precision` reads it."""
        return precision_text(self.precision, self.quantization)

    @property
    def optimization(self) -> str:
        """What was done to the model before it was converted, as text; "" for nothing."""
        return "-".join(map(self._text_of, self.optimizations))

    def stages(self) -> list[Variant]:
        """Return what it is after each of its optimizations: the last one is the variant itself."""
        counts = range(1, len(self.optimizations) + 1)
        return [
            replace(
                self,
                optimizations=self.optimizations[:count],
                options=tuple(
                    o for o in self.options if o.optimization in self.optimizations[:count]
                ),
            )
            for count in counts
        ]

    def options_of(self, optimization: str) -> dict[str, float]:
        """Return what one optimization is told: option name -> number."""
        return {o.name: o.value for o in self.options if o.optimization == optimization}

    def _text_of(self, optimization: str) -> str:
        return ",".join(filter(None, (optimization, _told(self.options_of(optimization)))))


def has_reference_weights(name: str) -> bool:
    """Whether a variant of that name was converted from the reference, and not changed before."""
    return name.partition(",")[0] in PRECISIONS and not _BETWEEN.search(name)


def _told(options: Mapping[str, float]) -> str:
    return ",".join(f"{name}={_number(value)}" for name, value in options.items())


def _number(value: float) -> str:
    """Write a number as briefly as it can be read back: `16`, `0.5`, `1e-05`."""
    return str(int(value)) if value.is_integer() else repr(value)


def check_quantization(precision: Precision, quantization: Quantization) -> None:
    """Refuse what a precision cannot be told.

    Raises:
        BadInput: It has no such option, or a number is out of range.
    """
    _check(precision, quantization.told)


def _check(precision: Precision, told: Mapping[str, float]) -> None:
    for option, value in told.items():
        _check_option(precision, option, value)
    if {"mse", "percentile"} <= set(told):
        raise BadInput(
            f"'{precision}' is told mse and percentile; each sets the ranges. Give one of them."
        )
    if "block" in told and "weight_bits" not in told:
        raise BadInput(
            f"'{precision}' is told a block, which weights of 4 bits have; add weight_bits=4."
        )


def _check_option(precision: Precision, option: str, value: float) -> None:
    """Refuse an option that a precision does not have, or a number that it cannot be."""
    if option not in options_for(precision):
        known = ", ".join(options_for(precision)) or "none"
        rule = _RULES.get(option)
        where = f"; {option} goes with {' and '.join(rule.precisions)}" if rule else ""
        raise BadInput(f"'{precision}' has no option '{option}'; it has: {known}{where}.")
    rule = _RULES[option]
    if not rule.is_allowed(value):
        raise BadInput(f"{option} is {_number(value)}; allowed is {rule.allowed}.")


def _parse(part: str, what: str, example: str, whole: str) -> tuple[str, dict[str, float]]:
    """Return the name and the options of a part such as `pruned,sparsity=0.5`.

    Args:
        part: To read.
        what: Kind of thing the whole is, for the error sentence.
        example: How such a whole is written.
        whole: Of which the part is.
    """
    matched = _NAME_AND_OPTIONS.fullmatch(part)
    try:
        if matched is None:
            raise ValueError
        pairs = [item.split("=") for item in matched[2].split(",")[1:]]
        options = {key: float(value) for key, value in pairs}
        if len(options) < len(pairs) or not all(map(math.isfinite, options.values())):
            raise ValueError
        return matched[1], options
    except ValueError as error:
        raise BadInput(
            f"{what} '{whole}' holds '{part}'; write a name, and options once each after it, as in "
            f"'{example}'."
        ) from error
