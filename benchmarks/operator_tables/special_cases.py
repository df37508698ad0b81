"""Cases of what is special about an operator: `edgekit.operators.traits`, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import tensorflow as tf
from probe_case import IMAGE, Case, Shape
from special_edits import EDITED


def special_cases(ordinary: Iterable[Case]) -> Iterator[Case]:
    """Give cases with traits.

    Args:
        ordinary: The other cases; each that takes an image is also given two at once. Those that
            are edited (`special_edits`) are among them as they are.
    """
    yield from _convolutions()
    yield from _products()
    yield from _slices()
    yield from _look_ups()
    for case in ordinary:
        if case.dtype == "float32" and case.shapes[0][:1] == (1,) and len(case.shapes[0]) == 4:
            yield replace(case, shapes=tuple(map(_twice, case.shapes)), heavy=False)
            is_repeated = case.shapes[1:] == ((8,),)
            if is_repeated:
                for shape in ((1, 1, 1, 8), (1, 6, 6, 1)):
                    yield replace(case, shapes=(case.shapes[0], shape))
            if is_repeated or case.operator in EDITED:
                yield case
        elif case.operator == "FULLY_CONNECTED":
            yield case


def _twice(shape: Shape) -> Shape:
    return (2, *shape[1:]) if len(shape) == 4 else shape


def _weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape, scale=0.3).astype(np.float32)


def _convolutions() -> Iterator[Case]:
    for of, groups in ((4, 2), (8, 3), (12, 2), (2, 2), (2, 4), (1, 8), (3, 4), (6, 2)):
        for size in (1, 3):
            grouped = _convolution((size, size, of, 8 * groups), 1)
            yield Case("CONV_2D", grouped, ((1, 9, 9, of * groups),), heavy=True)
    for size in (6, 9):
        shapes = ((1, size, size, 8),)
        yield Case("CONV_2D", _convolution((1, 1, 8, 16), 2), shapes, heavy=True)
    wide: tuple[tuple[Shape, Shape, int], ...] = (
        ((3, 3, 7, 16), (1, 17, 18, 7), 10),
        ((2, 2, 3, 4), (1, 12, 13, 3), 5),
        ((2, 2, 8, 8), (1, 9, 9, 8), 3),
    )
    for kernel, image, stride in wide:
        yield Case("CONV_2D", _convolution(kernel, stride), (image,))
    large: Shape = (1, 12, 12, 8)
    yield Case("DEPTHWISE_CONV_2D", _depthwise, (large,))
    yield Case("MAX_POOL_2D", lambda x: tf.nn.max_pool2d(x, 2, 5, "SAME"), (large,))
    yield Case("AVERAGE_POOL_2D", lambda x: tf.nn.avg_pool2d(x, 2, 5, "SAME"), (large,))


def _convolution(kernel: Shape, stride: int) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: tf.nn.conv2d(x, _weights(*kernel), stride, "SAME")


def _depthwise(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.depthwise_conv2d(x, _weights(2, 2, 8, 1), (1, 5, 5, 1), "SAME")


def _products() -> Iterator[Case]:
    yield Case("BATCH_MATMUL", tf.matmul, ((1, 4, 5, 6), (1, 1, 6, 7)))
    yield Case("BATCH_MATMUL", tf.matmul, ((1, 1, 5, 6), (1, 4, 6, 7)))
    yield Case("BATCH_MATMUL", lambda x: tf.matmul(x, _weights(1, 1, 6, 7)), ((1, 4, 5, 6),))


def _slices() -> Iterator[Case]:
    for shape in ((1, 6, 8), IMAGE):
        yield Case("STRIDED_SLICE", lambda x: x[:, 0], (shape,))
        yield Case("STRIDED_SLICE", lambda x: x[:, -1], (shape,))
        yield Case("STRIDED_SLICE", lambda x: x[..., 0], (shape,))
        yield Case("STRIDED_SLICE", lambda x: x[:, ::-1], (shape,))
    yield Case("STRIDED_SLICE", lambda x: x[:, tf.newaxis, 1:4], ((1, 6, 8),))


def _look_ups() -> Iterator[Case]:
    for shape in ((1, 6), (1, 1), (2, 3)):
        yield Case("GATHER", lambda i: tf.gather(_weights(64, 16), i), (shape,), dtype="int32",
                   low=0, high=63, quantize=False)  # fmt: skip
    yield Case("GATHER", lambda x: tf.gather(x, [[3, 1], [0, 2]], axis=1), ((1, 6, 8),))
    yield Case("GATHER", lambda x: tf.gather(x, 3, axis=1), ((1, 6, 8),))
