"""Operators that take parts by their places, and that move blocks of an image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgekit.core.types import Array

from .drawn import Draw, Drawn, Operand, Random, axis_of, flip, image, moved, plain, shape, values


def draws() -> Iterator[tuple[str, Draw]]:
    """Give the name of each operator and what draws one."""
    yield "SLICE", _sliced
    yield "STRIDED_SLICE", _strided
    yield "GATHER", _gathered
    yield "GATHER_ND", _gathered_by_vectors
    yield "ONE_HOT", _one_hot
    yield "DEPTH_TO_SPACE", partial(_blocks, "DEPTH_TO_SPACE")
    yield "SPACE_TO_DEPTH", partial(_blocks, "SPACE_TO_DEPTH")
    yield "SPACE_TO_BATCH_ND", _space_to_batch
    yield "BATCH_TO_SPACE_ND", _batch_to_space


def _sliced(random: Random) -> Drawn:
    given = shape(random)
    begin = [int(random.integers(0, size)) for size in given]
    sizes = [int(random.integers(1, size - b + 1)) for size, b in zip(given, begin, strict=True)]
    told = [-1 if b + s == g and flip(random, 0.3) else s
            for b, s, g in zip(begin, sizes, given, strict=True)]  # fmt: skip
    cut = tuple(slice(b, b + s) for b, s in zip(begin, sizes, strict=True))
    operands = [Operand(values(random, given)), plain(np.array(begin)), plain(np.array(told))]
    return moved("SLICE", operands, lambda x, *_: x[cut])


def _strided(random: Random) -> Drawn:
    """Draw what Python writes as `x[1:5:2, ::-1, 0]`."""
    given = shape(random, 1, 5)
    begins: list[int] = []
    ends: list[int] = []
    strides: list[int] = []
    cut: list[int | slice] = []
    masks = {"beginMask": 0, "endMask": 0, "shrinkAxisMask": 0}
    for axis, size in enumerate(given):
        start = int(random.integers(size))
        stop = int(random.integers(start + 1, size + 1))
        stride = int(random.choice([1, 1, 1, 2]))
        kind = str(random.choice(["whole", "range", "range", "one", "backwards"]))
        if kind == "one" and axis and flip(random, 0.6):
            masks["shrinkAxisMask"] |= 1 << axis
            begin, end, stride = start, start + 1, 1
            part: int | slice = start
        elif kind == "backwards" and flip(random, 0.4):
            masks["beginMask"] |= 1 << axis
            masks["endMask"] |= 1 << axis
            begin, end, stride, part = 0, 0, -1, slice(None, None, -1)
        elif kind == "whole":
            masks["beginMask"] |= 1 << axis
            masks["endMask"] |= 1 << axis
            begin, end, part = 0, 0, slice(None, None, stride)
        else:
            begin, end, part = start, stop, slice(start, stop, stride)
        begins.append(begin)
        ends.append(end)
        strides.append(stride)
        cut.append(part)
    numbers = [plain(np.array(told)) for told in (begins, ends, strides)]
    return moved(
        "STRIDED_SLICE", [Operand(values(random, given)), *numbers],
        lambda x, *_: x[tuple(cut)],
        table="StridedSliceOptions", options=masks,
    )  # fmt: skip


def _gathered(random: Random) -> Drawn:
    given = shape(random, 1, 5)
    axis = axis_of(random, len(given))
    places = tuple(int(size) for size in random.integers(1, 5, int(random.choice([0, 1, 1, 2]))))
    numbers = random.integers(0, given[axis], places)
    from_input = flip(random, 0.4)
    table = Operand(values(random, given), constant=from_input)
    kind = str(random.choice(["int32", "int32", "int64"]))
    indices = Operand(numbers.astype(kind), constant=not from_input, role="plain")
    return moved(
        "GATHER", [table, indices],
        lambda x, i: np.take(x, i.astype(int), axis), table="GatherOptions",
        options={"axis": axis},
    )  # fmt: skip


def _gathered_by_vectors(random: Random) -> Drawn:
    given = shape(random, 2, 4)
    depth = int(random.integers(1, len(given) + 1))
    count = int(random.integers(1, 6))
    places = np.stack([random.integers(0, size, count) for size in given[:depth]], axis=-1)
    return moved(
        "GATHER_ND", [Operand(values(random, given)), plain(places)],
        lambda x, _: x[tuple(places.T)],
    )  # fmt: skip


def _one_hot(random: Random) -> Drawn:
    given = shape(random, 1, 3)
    depth = int(random.integers(2, 9))
    indices = Operand(random.integers(0, depth, given).astype(np.int32), role="plain")
    on, off = (Operand(np.array(value), constant=True) for value in (1.0, 0.0))
    return Drawn(
        operator="ONE_HOT", operands=[indices, plain(depth), on, off],
        truth=lambda i, *_: (i[..., np.newaxis] == np.arange(depth)).astype(float),
        types=("float32", "int32", "int64"), table="OneHotOptions", options={"axis": -1},
    )  # fmt: skip


def _to_depth(x: Array, size: int) -> Array:
    n, h, w, c = x.shape
    x = x.reshape(n, h // size, size, w // size, size, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h // size, w // size, size * size * c)


def _to_space(x: Array, size: int) -> Array:
    n, h, w, c = x.shape
    x = x.reshape(n, h, w, size, size, c // size**2).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h * size, w * size, c // size**2)


def _blocks(name: str, random: Random) -> Drawn:
    size = int(random.choice([2, 2, 3]))
    batch, *_ = image(random)
    height, width, channels = (int(number) for number in random.integers(1, 5, 3))
    if name == "DEPTH_TO_SPACE":
        given, function = (batch, height, width, channels * size**2), _to_space
    else:
        given, function = (batch, height * size, width * size, channels), _to_depth
    table = "DepthToSpaceOptions" if name == "DEPTH_TO_SPACE" else "SpaceToDepthOptions"
    return Drawn(
        operator=name, operands=[Operand(values(random, given))], moves=True,
        truth=lambda x: function(x, size), types=("float32", "int8", "uint8", "int32", "int64"),
        table=table, options={"blockSize": size},
    )  # fmt: skip


def _space_to_batch(random: Random) -> Drawn:
    batch, _, _, channels = image(random)
    size = random.integers(1, 4, 2)
    pads = random.integers(0, 2, (2, 2))
    height, width = (int(size[k] * random.integers(3, 5) - pads[k].sum()) for k in range(2))

    def truth(x: Array, *_: Array) -> Array:
        x = np.pad(x, [(0, 0), *pads, (0, 0)])
        n, h, w, c = x.shape
        x = x.reshape(n, h // size[0], size[0], w // size[1], size[1], c)
        return x.transpose(2, 4, 0, 1, 3, 5).reshape(-1, h // size[0], w // size[1], c)

    given = Operand(values(random, (batch, height, width, channels)))
    return Drawn(
        operator="SPACE_TO_BATCH_ND", operands=[given, plain(size), plain(pads)], truth=truth,
        types=("float32", "int8", "uint8", "int16"), moves=True,
    )  # fmt: skip


def _batch_to_space(random: Random) -> Drawn:
    batch, height, width, channels = image(random)
    size = random.integers(1, 4, 2)
    crops = random.integers(0, 2, (2, 2))

    def truth(x: Array, *_: Array) -> Array:
        x = x.reshape(size[0], size[1], batch, height, width, channels)
        x = x.transpose(2, 3, 0, 4, 1, 5)
        x = x.reshape(batch, height * size[0], width * size[1], channels)
        (top, bottom), (left, right) = crops
        return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]

    given = Operand(values(random, (batch * int(size.prod()), height, width, channels)))
    return Drawn(
        operator="BATCH_TO_SPACE_ND", operands=[given, plain(size), plain(crops)], truth=truth,
        types=("float32", "int8", "uint8", "int16"), moves=True,
    )  # fmt: skip
