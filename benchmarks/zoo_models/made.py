"""What a maker of the zoo hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from edgekit.core.types import Batch

if TYPE_CHECKING:
    import keras

CALIBRATION, FRESH = 96, 64
"""Examples given to edgekit, which judges a file on 32 of them; and examples it never sees."""

Kind = Literal["classes", "scores", "tokens", "numbers"]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A model with real inputs.

    Attributes:
        model: As its author would save it.
        inputs: Input name -> `CALIBRATION + FRESH` examples, in random order.
        kinds: Output name -> what its author takes it for.
        saved_model: Whether it is handed over as a SavedModel, else as `.keras`.
        shapes: What `edgekit.convert` is told about free axes.
    """

    model: keras.Model
    inputs: Batch
    kinds: Mapping[str, Kind]
    saved_model: bool = False
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
