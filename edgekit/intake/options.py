"""What a user may choose for a conversion, as one value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from edgekit.core.errors import BadData, BadInput
from edgekit.core.records import from_json, to_json
from edgekit.core.variant import AS_USUAL, CALIBRATED, Precision, Quantization
from edgekit.source_model.recurrent import DEFAULT, Form

Io = Literal["int8", "uint8", "float"]
IO: tuple[Io, ...] = ("int8", "uint8", "float")
"""What goes into and comes out of an `int8` file; `float` also of an `int16x8` file, where it is
int16 otherwise. `uint8` is what cameras give, with a zero point of its own."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose besides the precision; see `edgekit.verbs.convert.convert`.

    Attributes:
        beside: Further signatures, for the same file.
        quantization: What the precision is told, as in `int8,percentile=99.9`.
        evaluation: Examples with right answers, on which the source is scored; see
            `edgekit.intake.evaluation.read_known_answers`.
    """

    io: Io | None = None
    allow_select_ops: bool = False
    recurrent: Form = DEFAULT
    pixels: str = ""
    custom: Path | None = None
    signature: str = ""
    beside: tuple[str, ...] = ()
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    keep_float: tuple[str, ...] = ()
    split_outputs: bool = False
    quantization: Quantization = AS_USUAL
    evaluation: Path | None = None

    def under(self, given: Options) -> Options:
        """Return these options with those of `given` that are not as they are by default."""
        return replace(self, **_chosen(given))  # type: ignore[arg-type]  # each has its own type


PLAIN = Options()

_NOT_NOTED = ("custom", "evaluation")
"""A file beside a model may be a stranger's: no program that it names is run."""

_CALLED = {
    "allow_select_ops": "select-ops",
    "shapes": "shape",
    "names": "name",
    "beside": "signature",
}
"""Options that the command line calls otherwise."""


def noted(options: Options) -> str:
    """Return what of the options is not as it is by default, as JSON; "" if nothing is.

    It is kept in the description of a file, so that `read_noted` can tell how it was made. The
    user's own program is left out, and what only scores the model.
    """
    values = {
        name: to_json(value) for name, value in _chosen(options).items() if name not in _NOT_NOTED
    }
    return json.dumps(values) if values else ""


def read_noted(text: str) -> Options:
    """Return the options that `noted` wrote; those by default for "".

    Raises:
        BadData: The text is something else.
    """
    if not text:
        return PLAIN
    what, remedy = "the description of the options", "convert the model again"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise BadData(f"{what.capitalize()} is not JSON; {remedy}.") from error
    options = from_json(Options, values, what=what, remedy=remedy)
    return replace(options, **dict.fromkeys(_NOT_NOTED))  # type: ignore[arg-type]  # both may be None


def arguments(options: Options) -> list[str]:
    """Return options as `edgekit convert` takes them, those by default left out.

    How numbers are rounded is left out too: `--precision` says it.
    """
    words: list[str] = []
    for name, value in _chosen(options).items():
        if name in ("evaluation", "quantization"):
            continue
        flag = f"--{_CALLED.get(name, name).replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                text = item if isinstance(item, str) else ",".join(map(str, item))
                words += _argument(flag, f"{key}={text}" if key else text)
        else:
            for item in value if isinstance(value, tuple) else (value,):
                words += _argument(flag, str(item))
    return words


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


def _argument(flag: str, value: str) -> list[str]:
    """Return an option and its value; one that begins with a dash must not pass for an option."""
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def _chosen(options: Options) -> dict[str, object]:
    """Return the options that are not as they are by default."""
    values = {each.name: getattr(options, each.name) for each in fields(options)}
    return {name: value for name, value in values.items() if value != getattr(PLAIN, name)}
