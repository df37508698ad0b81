"""Tell quantization-aware training of a layer class: one call, where the class is defined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from edgekit.core.errors import BadInput

T = TypeVar("T", bound=type)


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """What is rounded to 8 bits in a layer while it trains.

    Attributes:
        weights: Attributes that hold weights; `dense.kernel` is that of a layer inside.
        activations: Attributes that hold activation functions: what these return is rounded.
        output: Whether the output is.
        per_channel: Whether weights have a range for each index of the last axis.
        note: A sentence on what else is true of it; "" for nothing.
    """

    weights: tuple[str, ...] = ()
    activations: tuple[str, ...] = ()
    output: bool = False
    per_channel: bool = False
    note: str = ""


REGISTERED: dict[type, Rounds] = {}
"""Classes of the user's own, and what is rounded in them."""


def register_qat(
    kind: T,
    *,
    weights: Sequence[str] = (),
    activations: Sequence[str] = (),
    output: bool = True,
) -> T:
    """Let quantization-aware training take a Keras layer class of your own.

    Call it where the class is defined: in the file of a recipe, or in the one that `--custom`
    names. The layer must be called with one tensor or one list of tensors, and be made again by
    `from_config(get_config())`. A class of `keras.layers` may be registered too, to have it
    rounded otherwise; its attributes are then those of tf_keras.

    Args:
        kind: The class.
        weights: Its attributes that hold weights to round, such as `kernel`, or `dense.kernel` of a
            layer inside. Biases stay as they are: a file holds them with 32 bits.
        activations: Its attributes that hold functions whose results are rounded.
        output: Whether what it returns is rounded.

    Returns:
        `kind`.

    Raises:
        BadInput: It is no class of layers.
    """
    if not (isinstance(kind, type) and callable(getattr(kind, "from_config", None))):
        what = kind.__name__ if isinstance(kind, type) else f"a {type(kind).__name__}"
        raise BadInput(
            f"register_qat was given {what}; it takes a class of Keras layers (class MyLayer("
            "keras.Layer)). Give the class itself, not a layer made of it."
        )
    for name, values in (("weights", weights), ("activations", activations)):
        if isinstance(values, str) or not all(isinstance(value, str) for value in values):
            raise BadInput(
                f"register_qat of {kind.__name__} was given {name}={values!r}; it takes a list of "
                f'attribute names, such as {name}=["{"kernel" if name == "weights" else name[:-1]}"'
                "]."
            )
    REGISTERED[kind] = Rounds(
        weights=tuple(weights), activations=tuple(activations), output=output, note="registered"
    )
    return kind
