"""Let quantization-aware training begin with the ranges that the data have.

tfmot 0.8.1 begins with -6 to 6 everywhere, and moves them by a thousandth in each step: after 500
steps they are still 60 % of the way off, so that larger values are cut and smaller ones have few
steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgekit.bridge.fine_tuning import import_tfmot
from edgekit.core.types import Array

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

EXAMPLES = 32
"""How many examples the first ranges are taken from."""

_MEASURING: Mapping[str, Mapping[str, object]] = {
    "MovingAvgQuantize": {"is_training": True, "ema_decay": 0.0},
    "LastValueQuantize": {"is_training": True},
    "AllValuesQuantize": {"is_training": True},
}
"""tfmot's functions, and the arguments with which they take a range from what they are given."""


def begin_with_ranges_of(model: tf_keras.Model, inputs: Mapping[str, Array]) -> None:
    """Set the ranges of a model with tfmot's rounding to those of examples; nothing else changes.

    Args:
        model: From `edgekit.bridge.qat.quantizing.quantized`, with its inputs by name.
        inputs: Name -> array, batch axis first.
    """
    with _ranges_at_once():
        model({name: array[:EXAMPLES] for name, array in inputs.items()}, training=False)


@contextmanager
def _ranges_at_once() -> Iterator[None]:
    """Make tfmot take each range as it is, without training, and not a thousandth of it."""
    import_tfmot()
    from tensorflow_model_optimization.python.core.quantization.keras import quant_ops

    usual = {name: getattr(quant_ops, name) for name in _MEASURING}

    def taking(name: str) -> Callable[..., tf.Tensor]:
        own = _MEASURING[name]
        return lambda *args, **kwargs: usual[name](*args, **{**kwargs, **own})

    for name in usual:
        setattr(quant_ops, name, taking(name))
    try:
        yield
    finally:
        for name, function in usual.items():
            setattr(quant_ops, name, function)
