"""What a user may choose for a conversion, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.variant import Io
from edgekit.source_model.recurrent import DEFAULT, Form


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose besides the precision; see `edgekit.verbs.convert.convert`.

    Attributes:
        evaluation: Examples with right answers, on which the source is scored; see
            `edgekit.intake.evaluation.read_known_answers`.
    """

    io: Io | None = None
    allow_select_ops: bool = False
    recurrent: Form = DEFAULT
    pixels: str = ""
    custom: Path | None = None
    signature: str = ""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    keep_float: tuple[str, ...] = ()
    split_outputs: bool = False
    evaluation: Path | None = None


PLAIN = Options()
