"""Random input for a model, within what its first layers expect, when there is nothing better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from edgekit.core.keras_graph.rows import rows_taken, table_rows
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.types import Array, Batch
from edgekit.source_model.interface import (
    KerasLayer,
    SourceModel,
    given_names,
    nested_layers,
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the first layer behind an input expects of its numbers.

    Attributes:
        low, high: Limits of a Rescaling layer's input; numbers are drawn evenly between them.
        mean, deviation: Of a Normalization layer, which broadcast over an example; numbers are
            drawn from that normal distribution, if there are no limits.
    """

    low: float = 0.0
    high: float = 0.0
    mean: Array | float = 0.0
    deviation: Array | float = 1.0

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return random numbers of a shape, axis of examples first."""
        if self.high > self.low:
            return random.uniform(self.low, self.high, shape)
        return np.asarray(self.mean + self.deviation * random.standard_normal(shape))


STANDARD = Expected()
"""Where no layer says what it expects: the standard normal distribution."""


def random_inputs(
    signature: Signature,
    count: int,
    seed: int,
    *,
    integer_limit: int | None = None,
    expected: Mapping[str, Expected] = MappingProxyType({}),
) -> Batch:
    """Return random examples for a model when there is nothing better.

    They reveal wiring errors and crashes. They say little about accuracy: a network's answer to
    noise is often nearly constant, and quantization ranges taken from noise are wrong.

    Args:
        signature: Of the model.
        count: How many examples.
        seed: Same seed, same examples.
        integer_limit: Integers stay below it; see the function of that name. Without it they are 0
            or 1, which every Embedding takes.
        expected: Input name -> what its first layer expects; see `expected_inputs`.

    Returns:
        Floats as expected, else from the standard normal distribution; bytes over their whole
        range, as in images; other integers in `0..integer_limit - 1`.
    """
    random = np.random.default_rng(seed)
    return {
        tensor.name: _random(
            random, tensor, count, integer_limit or 2, expected.get(tensor.name, STANDARD)
        )
        for tensor in signature.inputs
    }


def integer_limit(model: SourceModel) -> int | None:
    """Return the limit that a model's integer inputs must stay below, or None if it sets none.

    That is the smallest number of rows of its Embedding and CategoryEncoding layers, and of what
    `keras.ops.take` takes rows of.
    """
    tables = [rows for layer in nested_layers(model) if (rows := table_rows(layer))]
    return min([*tables, *rows_taken(model)], default=None)


def expected_inputs(model: SourceModel) -> dict[str, Expected]:
    """Return input name -> what a Rescaling or Normalization layer right behind it expects.

    Inputs without such a layer, and those of a SavedModel, are left out.
    """
    names = given_names(model)
    return {
        names.get(layer.name, layer.name): expected
        for layer in nested_layers(model)
        if type(layer).__name__ == "InputLayer"
        for expected in [_expected_of(layer)]
        if expected
    }


def _expected_of(source: KerasLayer) -> Expected | None:
    for layer in _readers(source):
        kind = type(layer).__name__
        if kind == "Rescaling":
            scale, offset = np.ravel(layer.scale)[0], np.ravel(layer.offset)[0]
            # Pictures come out in 0..1, or in -1..1 where an offset moves them.
            limits = ((-1.0 if offset else 0.0) - offset) / scale, (1.0 - offset) / scale
            low, high = sorted(map(float, limits))
            return Expected(low=low, high=high)
        if kind == "Normalization" and getattr(layer, "mean", None) is not None:
            mean, variance = np.asarray(layer.mean), np.asarray(layer.variance)
            return Expected(mean=mean[0], deviation=np.sqrt(variance[0]))
    return None


def _readers(source: KerasLayer) -> Iterator[KerasLayer]:
    """Give the layers that read the output of a layer, in Keras 3 and in tf_keras."""
    for node in getattr(source, "_outbound_nodes", ()):
        yield getattr(node, "operation", None) or node.outbound_layer


def _random(
    random: np.random.Generator, tensor: Tensor, count: int, limit: int, expected: Expected
) -> Array:
    shape, dtype = (count, *tensor.shape[1:]), np.dtype(tensor.dtype)
    if dtype.kind == "f":
        return expected.draw(random, shape).astype(dtype)
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.itemsize == 1:
        limits = np.iinfo(tensor.dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return random.integers(0, limit, shape).astype(dtype)
