"""The aliases that all of edgekit speaks in: arrays, batches, a model as a function, progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import TypeIs

AnyPath: TypeAlias = "str | os.PathLike[str]"
"""A path as users write one: text, or `pathlib.Path`."""

Array = NDArray[Any]
Batch = Mapping[str, Array]
"""Tensor name -> array, batch axis first."""

Run = Callable[[Batch], Batch]
"""A model as a function: the Keras reference and every runtime session have this shape."""

Progress = Callable[[float, str], None]
"""Told how far a long step is: a fraction in 0..1, and what it is doing."""

Size = Literal["tiny", "full"]
Split = Literal["train", "validation", "test", "calibration"]


def is_path(given: object) -> TypeIs[AnyPath]:
    """Whether this is a path, and not what a path might lead to: a model, an array."""
    return isinstance(given, str | os.PathLike)


def several(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple, where one may stand alone: `"int8"` is `("int8",)`."""
    return (given,) if isinstance(given, str) else tuple(given)


def silent(_fraction: float, _doing: str) -> None:
    """A `Progress` that tells nobody."""
