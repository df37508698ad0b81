"""Convolutions, dense layers and products of matrices; pools and resizing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from edgekit.core.types import Array

from .drawn import (
    ACTIVATIONS,
    NUMBERS,
    Draw,
    Drawn,
    Operand,
    Random,
    activation,
    flip,
    image,
    shape,
    values,
)
from .windows import SAME, VALID, windows

WEIGHTED = (*NUMBERS, "hybrid")


def draws() -> Iterator[tuple[str, Draw]]:
    """Give the name of each operator and what draws one."""
    yield "CONV_2D", _convolution
    yield "DEPTHWISE_CONV_2D", _depthwise
    yield "TRANSPOSE_CONV", _transposed
    yield "FULLY_CONNECTED", _dense
    yield "BATCH_MATMUL", _matmul
    yield "AVERAGE_POOL_2D", partial(_pool, "AVERAGE_POOL_2D", np.nanmean)
    yield "MAX_POOL_2D", partial(_pool, "MAX_POOL_2D", np.nanmax)
    yield "RESIZE_BILINEAR", partial(_resized, "RESIZE_BILINEAR")
    yield "RESIZE_NEAREST_NEIGHBOR", partial(_resized, "RESIZE_NEAREST_NEIGHBOR")


def _window(random: Random, size: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int], int]:
    """Draw kernel, strides and padding; most kernels and strides are square."""
    padding = int(random.choice([SAME, VALID]))
    kernel = [int(random.choice([1, 1, 2, 3, 3, 5])) for _ in range(2)]
    strides = [int(random.choice([1, 1, 2, 2, 3])) for _ in range(2)]
    if flip(random, 0.7):
        kernel[1], strides[1] = kernel[0], strides[0]
    kernel = [min(k, s) for k, s in zip(kernel, size, strict=False)]
    return (kernel[0], kernel[1]), (strides[0], strides[1]), padding


def _options(strides: tuple[int, int], padding: int, number: int, **more: Any) -> dict[str, Any]:
    common = {"padding": padding, "fusedActivationFunction": number}
    return {**common, "strideH": strides[0], "strideW": strides[1], **more}


def _bias(random: Random, count: int) -> list[Operand]:
    return [Operand(values(random, (count,), -0.5, 0.5), constant=True, role="bias")]


def _dilation(random: Random, kernel: tuple[int, int], size: tuple[int, ...]) -> tuple[int, int]:
    if flip(random, 0.75):
        return 1, 1
    fits = all(2 * (k - 1) + 1 <= s for k, s in zip(kernel, size, strict=False))
    return (2, 2) if fits else (1, 1)


def _convolution(random: Random) -> Drawn:
    groups = int(random.choice([1, 1, 1, 1, 2, 3, 4]))
    of = int(random.choice([1, 2, 3, 4, 8, 12]))
    batch, height, width, _ = image(random)
    kernel, strides, padding = _window(random, (height, width))
    dilation = _dilation(random, kernel, (height, width))
    filters = groups * int(random.choice([1, 2, 3, 4, 8]))
    number = activation(random)

    def truth(x: Array, w: Array, *b: Array) -> Array:
        seen = np.nan_to_num(windows(x, kernel, strides, dilation, padding))
        n, h, wide = seen.shape[:3]
        seen = seen.reshape(n, h, wide, *kernel, groups, of)
        by_group = w.reshape(groups, filters // groups, *kernel, of)
        found = np.einsum("nhwijgc,gfijc->nhwgf", seen, by_group).reshape(n, h, wide, filters)
        return ACTIVATIONS[number](found + (b[0] if b else 0))

    weights = values(random, (filters, *kernel, of), -0.6, 0.6)
    operands = [
        Operand(values(random, (batch, height, width, of * groups))),
        Operand(weights, constant=True, role="weights", channels=0),
        *_bias(random, filters),
    ]
    options = _options(
        strides, padding, number, dilationHFactor=dilation[0], dilationWFactor=dilation[1]
    )
    return Drawn(
        operator="CONV_2D", operands=operands, truth=truth, types=WEIGHTED, table="Conv2DOptions",
        options=options,
    )  # fmt: skip


def _depthwise(random: Random) -> Drawn:
    batch, height, width, channels = image(random)
    kernel, strides, padding = _window(random, (height, width))
    strides = (strides[0], strides[0])  # which all runtimes want
    dilation = _dilation(random, kernel, (height, width)) if strides == (1, 1) else (1, 1)
    times = int(random.choice([1, 1, 1, 2, 3]))
    number = activation(random)

    def truth(x: Array, w: Array, b: Array) -> Array:
        seen = np.nan_to_num(windows(x, kernel, strides, dilation, padding))
        by_channel = w.reshape(*kernel, channels, times)
        found = np.einsum("nhwijc,ijcm->nhwcm", seen, by_channel)
        return ACTIVATIONS[number](found.reshape(*found.shape[:3], -1) + b)

    weights = values(random, (1, *kernel, channels * times), -0.8, 0.8)
    operands = [
        Operand(values(random, (batch, height, width, channels))),
        Operand(weights, constant=True, role="weights", channels=3),
        *_bias(random, channels * times),
    ]
    options = _options(
        strides, padding, number, depthMultiplier=times,
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
    )  # fmt: skip
    return Drawn(
        operator="DEPTHWISE_CONV_2D", operands=operands, truth=truth, types=WEIGHTED,
        table="DepthwiseConv2DOptions", options=options,
    )  # fmt: skip


def _transposed(random: Random) -> Drawn:
    batch, height, width, channels = image(random, int(random.choice([1, 2, 4, 8])))
    height, width = min(height, 6), min(width, 6)
    kernel, strides, padding = _window(random, (height, width))
    filters = int(random.choice([1, 2, 3, 8]))
    large = tuple(
        size * s if padding == SAME else (size - 1) * s + max(k, s)
        for size, s, k in zip((height, width), strides, kernel, strict=True)
    )

    def truth(_: Array, w: Array, x: Array, b: Array) -> Array:
        found = np.zeros((batch, large[0] + 8, large[1] + 8, filters))
        before = []
        for size, whole, s, k in zip((height, width), large, strides, kernel, strict=True):
            total = max((size - 1) * s + k - whole, 0)
            before.append(total // 2 if padding == SAME else 0)
        for i in range(height):
            for j in range(width):
                top, left = i * strides[0], j * strides[1]
                part = np.einsum("nc,fklc->nklf", x[:, i, j], w)
                found[:, top : top + kernel[0], left : left + kernel[1]] += part
        top, left = before
        return found[:, top : top + large[0], left : left + large[1]] + b

    to = np.array([batch, *large, filters], np.int32)
    operands = [
        Operand(to, constant=True, role="plain"),
        Operand(
            values(random, (filters, *kernel, channels), -0.6, 0.6),
            constant=True, role="weights", channels=0,
        ),
        Operand(values(random, (batch, height, width, channels))),
        *_bias(random, filters),
    ]  # fmt: skip
    return Drawn(
        operator="TRANSPOSE_CONV", operands=operands, truth=truth, types=WEIGHTED,
        table="TransposeConvOptions", options=_options(strides, padding, 0),
    )  # fmt: skip


def _dense(random: Random) -> Drawn:
    given = shape(random, 1, 4)
    keep = flip(random) if len(given) > 1 else False
    units, number = int(random.integers(1, 20)), activation(random)

    def truth(x: Array, w: Array, *b: Array) -> Array:
        x = x if keep else x.reshape(-1, given[-1])
        return ACTIVATIONS[number](x @ w.T + (b[0] if b else 0))

    operands = [
        Operand(values(random, given)),
        Operand(
            values(random, (units, given[-1]), -0.6, 0.6),
            constant=True, role="weights", channels=0,
        ),
        *(_bias(random, units) if flip(random, 0.8) else []),
    ]  # fmt: skip
    return Drawn(
        operator="FULLY_CONNECTED", operands=operands, truth=truth, types=WEIGHTED,
        table="FullyConnectedOptions",
        options={"keepNumDims": keep, "fusedActivationFunction": number},
    )  # fmt: skip


def _matmul(random: Random) -> Drawn:
    rows, inner, columns = (int(size) for size in random.integers(1, 9, 3))
    inner += 9 if flip(random, 0.4) else 0
    batches = shape(random, 1, 2) if flip(random, 0.7) else ()
    other = batches if flip(random, 0.7) else tuple(1 if flip(random) else b for b in batches)
    adjoint = flip(random, 0.3), flip(random, 0.3)
    one = (*batches, inner, rows) if adjoint[0] else (*batches, rows, inner)
    two = (*other, columns, inner) if adjoint[1] else (*other, inner, columns)

    def truth(x: Array, y: Array) -> Array:
        x = np.swapaxes(x, -1, -2) if adjoint[0] else x
        y = np.swapaxes(y, -1, -2) if adjoint[1] else y
        return np.asarray(x @ y)

    sides = values(random, one), values(random, two)
    for side, at in zip(sides, adjoint, strict=True):
        # Both sides hold the lowest number at two places whose products ARM adds up in 16 bits.
        along = np.moveaxis(side, -1 if (side is sides[0]) != at else -2, -1)
        along[..., ::8] = side.min()
    operands = [Operand(sides[0]), Operand(sides[1], constant=flip(random, 0.3))]
    return Drawn(
        operator="BATCH_MATMUL", operands=operands, truth=truth, table="BatchMatMulOptions",
        options={"adjX": adjoint[0], "adjY": adjoint[1]},
    )  # fmt: skip


def _pool(name: str, function: Callable[..., Array], random: Random) -> Drawn:
    given = image(random)
    kernel, strides, padding = _window(random, given[1:3])
    number = activation(random)

    def truth(x: Array) -> Array:
        seen = windows(x, kernel, strides, (1, 1), padding)
        return ACTIVATIONS[number](function(seen, axis=(3, 4)))

    options = _options(strides, padding, number, filterHeight=kernel[0], filterWidth=kernel[1])
    return Drawn(
        operator=name, operands=[Operand(values(random, given))], truth=truth, moves=True,
        table="Pool2DOptions", options=options,
    )  # fmt: skip


def _places(given: int, to: int, *, corners: bool, centers: bool) -> Array:
    """Return where along an axis of the input each place of the output lies."""
    scale = (given - 1) / (to - 1) if corners and to > 1 else given / to
    return (np.arange(to) + 0.5) * scale - 0.5 if centers else np.arange(to) * scale


def _resized(name: str, random: Random) -> Drawn:
    given = image(random)
    to = tuple(int(random.integers(2, 17)) for _ in range(2))
    if flip(random, 0.5):
        to = tuple(int(size) * 2 for size in given[1:3])
    corners, centers = [(False, True), (False, False), (True, False)][int(random.integers(3))]
    nearest = name == "RESIZE_NEAREST_NEIGHBOR"

    def along(x: Array, axis: int, size: int) -> Array:
        count = x.shape[axis]
        places = _places(count, size, corners=corners, centers=centers)
        if nearest:
            places = np.floor(places + 0.5) if corners or centers else np.floor(places)
            return np.take(x, np.clip(places, 0, count - 1).astype(int), axis)
        low = np.floor(places)
        share = (places - low).reshape([-1 if a == axis else 1 for a in range(4)])
        lower, upper = (np.clip(low + k, 0, count - 1).astype(int) for k in (0, 1))
        return np.asarray(np.take(x, lower, axis) * (1 - share) + np.take(x, upper, axis) * share)

    def truth(x: Array, _: Array) -> Array:
        return along(along(x, 1, to[0]), 2, to[1])

    size = Operand(np.array(to, np.int32), constant=True, role="plain")
    table = "ResizeNearestNeighborOptions" if nearest else "ResizeBilinearOptions"
    return Drawn(
        operator=name, operands=[Operand(values(random, given)), size], truth=truth, moves=True,
        table=table, options={"alignCorners": corners, "halfPixelCenters": centers},
    )  # fmt: skip
