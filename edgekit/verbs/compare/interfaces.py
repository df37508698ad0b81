"""How the inputs and outputs of two files differ, and whether the same numbers can go into both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

import numpy as np

from edgekit.tflite.reader import Model, Port, ports

Side = Literal["input", "output"]


@dataclass(frozen=True, kw_only=True)
class PortDifference:
    """An input or output that is not the same in both files.

    Attributes:
        in_a: What it is in the first file: shape, type, quantization, and its name if the second
            file calls it otherwise; "" where the first file has none.
        in_b: The same of the second file.
        stops_answers: Whether answers cannot be compared for it: names, shapes, or kinds of
            numbers differ, and not only the type that the same numbers are stored in.
    """

    side: Side
    name: str
    in_a: str
    in_b: str
    stops_answers: bool


def differences(a: Model, b: Model) -> tuple[PortDifference, ...]:
    """Return the inputs and outputs of two files that differ, in the order of the first."""
    of_a, of_b = ports(a), ports(b)
    sides: tuple[tuple[Side, int], ...] = (("input", 0), ("output", 1))
    return tuple(
        each for side, k in sides for each in _differing(side, a, b, matched(of_a[k], of_b[k]))
    )


def matched(a: Sequence[Port], b: Sequence[Port]) -> list[tuple[Port | None, Port | None]]:
    """Return what of two files belongs together: equal names, or the only one of each."""
    if len(a) == len(b) == 1:
        return [(a[0], b[0])]
    named = {port.name: port for port in b}
    pairs: list[tuple[Port | None, Port | None]] = [(port, named.get(port.name)) for port in a]
    known = {port.name for port in a}
    return [*pairs, *((None, port) for port in b if port.name not in known)]


def _differing(
    side: Side, a: Model, b: Model, pairs: Sequence[tuple[Port | None, Port | None]]
) -> Iterator[PortDifference]:
    for one, other in pairs:
        in_a, in_b = _described(one, a), _described(other, b)
        if one and other and one.name != other.name:
            in_a, in_b = f"{one.name}: {in_a}", f"{other.name}: {in_b}"
        if in_a != in_b:
            yield PortDifference(
                side=side,
                name=(one or other or _NOBODY).name,
                in_a=in_a,
                in_b=in_b,
                stops_answers=not (one and other) or not _same_numbers(one, a, other, b),
            )


_NOBODY = Port(name="", index=-1, shape=(), dtype="", scale=0.0, zero_point=0)


def _described(port: Port | None, model: Model) -> str:
    if port is None:
        return ""
    told = f"{'x'.join(map(str, _shape(port, model))) or 'scalar'} {port.dtype}"
    return f"{told}, scale {port.scale:.6g}, zero point {port.zero_point}" if port.scale else told


def _shape(port: Port, model: Model) -> tuple[int, ...]:
    """Return a shape in which -1 is a length that is not fixed."""
    return tuple(model.subgraphs[port.subgraph].tensors[port.index].shape_signature)


def _same_numbers(one: Port, a: Model, other: Port, b: Model) -> bool:
    lengths = zip_longest(_shape(one, a), _shape(other, b), fillvalue=0)
    fit = all(x == y or -1 in (x, y) for x, y in lengths)
    return fit and _kind(one) == _kind(other)


def _kind(port: Port) -> str:
    """Return what a user gives: "f" for real numbers, however they are stored, else a type's kind.

    Integers of every width are one kind.
    """
    if port.scale or port.dtype == "bfloat16":
        return "f"
    try:
        return np.dtype(port.dtype).kind.replace("u", "i")
    except TypeError:  # text, resources
        return port.dtype
