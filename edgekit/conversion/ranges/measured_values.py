"""Run a calibrated float model on examples, and keep what each of its tensors held.

TensorFlow 2.21's interpreter lets operators such as ADD overwrite an input that is not read again,
and its calibrator looks at inputs afterwards. Here every tensor has its own memory.

Source: https://github.com/tensorflow/tensorflow/issues/127842 (open, September 2026).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgekit.core.types import Array, Batch

if TYPE_CHECKING:
    import tensorflow as tf

_MASKED_ROW = 5000.0
"""A row whose largest score is that far below the largest of all is masked from end to end: masks
subtract 10,000 or more."""

Seen: TypeAlias = tuple[float, float, Array, float, bool]
"""As in `Values`, of one example; the third holds the largest of the rows: lowest and highest."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a tensor held over all examples.

    Attributes:
        low: The lowest value; may be NaN or infinite.
        high: The highest.
        floor: The lowest of the largest values of each row (last axis), rows that are masked from
            end to end left out.
        least: The smallest magnitude besides zero; infinite if it held only zeros.
        whole: Whether all values were whole numbers.
    """

    low: float
    high: float
    floor: float
    least: float
    whole: bool


def one_by_one(batch: Batch) -> Iterator[dict[str, Array]]:
    """Yield the examples of a batch, each as a batch of one."""
    for k in range(len(next(iter(batch.values())))):
        yield {name: array[k : k + 1] for name, array in batch.items()}


def measure(content: bytes, examples: Batch, tensors: Iterable[int]) -> dict[int, Values]:
    """Run the examples one by one; return what was seen in float tensors of the first graph.

    Args:
        content: A float `.tflite`.
        examples: Input name -> `(n, ...)`.
        tensors: Their indices.
    """
    seen: dict[int, list[Seen]] = {k: [] for k in tensors}
    for read in examples_run(content, examples):
        for k, each in seen.items():
            each.append(look(read(k)))
    return {k: over_all(each) for k, each in seen.items()}


def examples_run(content: bytes, examples: Batch) -> Iterator[Callable[[int], Array]]:
    """Run the examples one by one; yield after each what reads a tensor of the first graph."""
    interpreter = interpreter_of(content)
    run = interpreter.get_signature_runner()
    for example in one_by_one(examples):
        interpreter.reset_all_variables()
        run(**example)
        yield interpreter.get_tensor


def interpreter_of(
    content: bytes, sizes: Iterable[tuple[int, tuple[int, ...]]] = ()
) -> tf.lite.Interpreter:
    """Return an interpreter that keeps what every tensor of the main graph held.

    Args:
        content: A `.tflite`.
        sizes: Inputs, as indices of tensors, and their shapes where they are not those of the file.
    """
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks to use LiteRT's, which has no Flex delegate
        interpreter = tf.lite.Interpreter(
            model_content=content,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=(
                tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
    for tensor, shape in sizes:
        interpreter.resize_tensor_input(tensor, shape)
    interpreter.allocate_tensors()
    return interpreter


def look(values: Array) -> Seen:
    """Look at the values that a tensor held in one example, `(..., row)`."""
    largest = values.max(axis=-1, initial=-math.inf).ravel() if values.ndim else values.ravel()
    ordinary = largest[largest > largest.max(initial=-math.inf) - _MASKED_ROW]
    rows = np.array([ordinary.min(initial=math.inf), largest.max(initial=-math.inf)])
    magnitudes = np.abs(values)
    least = magnitudes.min(initial=math.inf, where=magnitudes > 0)
    whole = bool((values == np.floor(values)).all())
    return float(values.min()), float(values.max()), rows, float(least), whole


def over_all(seen: list[Seen]) -> Values:
    """Return what a tensor held over all examples."""
    lows, highs, rows, least, whole = zip(*seen, strict=True)
    lowest, largest = np.array(rows).T
    ordinary = lowest[lowest > largest.max() - _MASKED_ROW]
    return Values(
        low=float(np.min(lows)),
        high=float(np.max(highs)),
        floor=float(ordinary.min(initial=math.inf)),
        least=min(least),
        whole=all(whole),
    )
