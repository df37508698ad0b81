"""The aliases that all of edgekit speaks in: arrays, batches, a model as a function, progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]
Batch = Mapping[str, Array]
"""Tensor name -> array, batch axis first."""

Run = Callable[[Batch], Batch]
"""A model as a function: the Keras reference and every runtime session have this shape."""

Progress = Callable[[float, str], None]
"""Told how far a long step is: a fraction in 0..1, and what it is doing."""

Size = Literal["tiny", "full"]
Split = Literal["train", "validation", "test", "calibration"]


def silent(_fraction: float, _doing: str) -> None:
    """A `Progress` that tells nobody."""
