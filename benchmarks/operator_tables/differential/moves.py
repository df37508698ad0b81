"""Operators that cut, join, turn round and look up, and change types."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgekit.core.types import Array

from .drawn import (
    Draw,
    Drawn,
    Operand,
    Random,
    axis_of,
    flip,
    moved,
    plain,
    shape,
    values,
)

TYPE_NUMBERS = {
    "float32": 0, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7, "int8": 9,
}  # fmt: skip
"""As in the schema's `TensorType`."""


def draws() -> Iterator[tuple[str, Draw]]:
    """Give the name of each operator and what draws one."""
    yield "RESHAPE", _reshaped
    yield "TRANSPOSE", _transposed
    yield "EXPAND_DIMS", _expanded
    yield "SQUEEZE", _squeezed
    yield "REVERSE_V2", _reversed
    yield "TILE", _tiled
    yield "BROADCAST_TO", _repeated
    yield "PAD", partial(_padded, "PAD")
    yield "PADV2", partial(_padded, "PADV2")
    yield "MIRROR_PAD", _mirrored
    yield "CAST", _cast
    yield "QUANTIZE", partial(_between_types, "QUANTIZE")
    yield "DEQUANTIZE", partial(_between_types, "DEQUANTIZE")
    yield "SELECT_V2", _selected
    yield "CONCATENATION", _joined
    yield "PACK", _packed
    yield "UNPACK", _unpacked
    yield "SPLIT", _split
    yield "SPLIT_V", _split_unevenly


def _data(random: Random, drawn: tuple[int, ...]) -> Operand:
    return Operand(values(random, drawn))


def _reshaped(random: Random) -> Drawn:
    given = shape(random)
    count = int(np.prod(given))
    divisors = [d for d in range(1, count + 1) if count % d == 0]
    first = int(random.choice(divisors))
    to = [1, first, count // first] if flip(random) else [first, count // first]
    return moved(
        "RESHAPE", [_data(random, given), plain(np.array(to))], lambda x, _: x.reshape(to),
        table="ReshapeOptions", options={"newShape": to},
    )  # fmt: skip


def _transposed(random: Random) -> Drawn:
    given = shape(random)
    order = random.permutation(len(given))
    operands = [_data(random, given), plain(order)]
    return moved("TRANSPOSE", operands, lambda x, _: x.transpose(order))


def _expanded(random: Random) -> Drawn:
    given = shape(random, 1, 5)
    axis = int(random.integers(-len(given) - 1, len(given) + 1))
    operands = [_data(random, given), plain(axis)]
    return moved("EXPAND_DIMS", operands, lambda x, _: np.expand_dims(x, axis))


def _squeezed(random: Random) -> Drawn:
    drawn = list(shape(random, 2, 5))
    axes = sorted({int(axis) for axis in random.integers(0, len(drawn), 2)})
    for axis in axes:
        drawn[axis] = 1
    return moved(
        "SQUEEZE", [_data(random, tuple(drawn))], lambda x: x.squeeze(tuple(axes)),
        table="SqueezeOptions", options={"squeezeDims": axes},
    )  # fmt: skip


def _reversed(random: Random) -> Drawn:
    given = shape(random)
    axis = axis_of(random, len(given))
    operands = [_data(random, given), plain(np.array([axis]))]
    return moved("REVERSE_V2", operands, lambda x, _: np.flip(x, axis))


def _tiled(random: Random) -> Drawn:
    given = shape(random, 1, 5)
    times = random.integers(1, 3, len(given))
    return moved("TILE", [_data(random, given), plain(times)], lambda x, _: np.tile(x, times))


def _repeated(random: Random) -> Drawn:
    to = shape(random, 2, 5)
    given = tuple(1 if flip(random) else size for size in to)
    given = given[1:] if flip(random, 0.3) else given
    operands = [_data(random, given), plain(np.array(to))]
    return moved("BROADCAST_TO", operands, lambda x, _: np.broadcast_to(x, to))


def _pads(random: Random, given: tuple[int, ...], most: int) -> Array:
    pads = random.integers(0, most + 1, (len(given), 2))
    if flip(random, 0.7):
        pads[0] = 0
    if flip(random):
        pads[-1] = 0
    return pads


def _padded(name: str, random: Random) -> Drawn:
    given = shape(random)
    pads = _pads(random, given, 2)
    operands = [_data(random, given), plain(pads)]
    if name == "PAD":
        return moved(name, operands, lambda x, _: np.pad(x, pads))
    value = Operand(values(random, ()), constant=True)
    return moved(name, [*operands, value], lambda x, _, v: np.pad(x, pads, constant_values=v))


def _mirrored(random: Random) -> Drawn:
    given = shape(random)
    mode = int(random.integers(2))
    most = min(given) - 1 if mode == 0 else min(given)
    pads = _pads(random, given, min(most, 2))
    return moved(
        "MIRROR_PAD", [_data(random, given), plain(pads)],
        lambda x, _: np.pad(x, pads, mode=("reflect", "symmetric")[mode]),
        table="MirrorPadOptions", options={"mode": mode},
    )  # fmt: skip


def _cast(random: Random) -> Drawn:
    kinds = sorted(TYPE_NUMBERS)
    source, to = (str(kind) for kind in random.choice(kinds, 2, replace=False))
    low = -100 if source in ("float32", "int16", "int32", "int64", "int8") else 0
    low = low if to in ("float32", "int16", "int32", "int64", "int8") else 0
    given = np.rint(values(random, shape(random), low, 100))
    given = given > 50 if source == "bool" else given
    return Drawn(
        operator="CAST", operands=[Operand(given)], truth=lambda x: x.astype(to), types=(source,),
        answers=(to,), table="CastOptions", scaled=False,
        options={"inDataType": TYPE_NUMBERS[source], "outDataType": TYPE_NUMBERS[to]},
    )  # fmt: skip


def _between_types(name: str, random: Random) -> Drawn:
    source, to = "float32", str(random.choice(["int8", "uint8", "int16"]))
    if name == "DEQUANTIZE":
        source, to = to, source
    elif flip(random, 0.4):
        source = str(random.choice(["int8", "uint8", "int16"]))
    given = Operand(values(random, shape(random)))
    return Drawn(operator=name, operands=[given], truth=lambda x: x, types=(source,), answers=(to,))


def _selected(random: Random) -> Drawn:
    large = shape(random, 1, 4)
    parts = [tuple(1 if flip(random, 0.2) else size for size in large) for _ in range(3)]
    parts[1] = large
    chosen = Operand(random.random(parts[0]) < 0.5, role="plain")
    operands = [chosen, *(_data(random, part) for part in parts[1:])]
    return moved("SELECT_V2", operands, lambda c, x, y: np.where(c, x, y))


def _joined(random: Random) -> Drawn:
    given = shape(random)
    axis = axis_of(random, len(given))
    parts = []
    for _ in range(int(random.integers(2, 5))):
        part = list(given)
        part[axis] = int(random.integers(1, 6))
        parts.append(Operand(values(random, part), constant=flip(random, 0.15)))
    parts[0] = Operand(parts[0].values)
    return moved(
        "CONCATENATION", parts, lambda *x: np.concatenate(x, axis), table="ConcatenationOptions",
        options={"axis": axis},
    )  # fmt: skip


def _packed(random: Random) -> Drawn:
    given = shape(random, 1, 5)
    axis, count = int(random.integers(len(given) + 1)), int(random.integers(2, 5))
    return moved(
        "PACK", [_data(random, given) for _ in range(count)], lambda *x: np.stack(x, axis),
        table="PackOptions", options={"axis": axis, "valuesCount": count},
    )  # fmt: skip


def _unpacked(random: Random) -> Drawn:
    given = shape(random, 1, 5)
    axis = axis_of(random, len(given))
    return moved(
        "UNPACK", [_data(random, given)], lambda x: list(np.moveaxis(x, axis, 0)),
        table="UnpackOptions", options={"axis": axis, "num": given[axis]},
    )  # fmt: skip


def _split(random: Random) -> Drawn:
    given = list(shape(random))
    axis, count = axis_of(random, len(given)), int(random.integers(2, 4))
    given[axis] = count * int(random.integers(1, 4))
    return moved(
        "SPLIT", [plain(axis), _data(random, tuple(given))],
        lambda _, x: np.split(x, count, axis), table="SplitOptions", options={"numSplits": count},
    )  # fmt: skip


def _split_unevenly(random: Random) -> Drawn:
    given = list(shape(random))
    axis = axis_of(random, len(given))
    sizes = random.integers(1, 4, int(random.integers(2, 4)))
    given[axis] = int(sizes.sum())
    return moved(
        "SPLIT_V", [_data(random, tuple(given)), plain(sizes), plain(axis)],
        lambda x, *_: np.split(x, np.cumsum(sizes)[:-1], axis), table="SplitVOptions",
        options={"numSplits": len(sizes)},
    )  # fmt: skip
