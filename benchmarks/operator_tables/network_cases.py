"""Cases of operators that choose, look up, branch, or have weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from probe_case import NUMBERS, RANKS, Case


def selection_cases() -> Iterator[Case]:
    """Give operators that choose, look up or branch."""
    for shape in RANKS:
        yield Case("SELECT_V2", lambda x, y: tf.where(x > 0, x, y), (shape,) * 2, dtypes=NUMBERS)
        yield Case("SELECT_V2", lambda x: tf.where(x > 0, x, 0), (shape,), dtypes=NUMBERS)
    yield Case("WHERE", tf.where, ((4, 8),), dtype="bool")
    for shape in ((1,), (1, 6), (1, 4, 4)):
        yield Case("ONE_HOT", lambda x: tf.one_hot(x, 8), (shape,), dtype="int32", low=0, high=7)
        yield Case("GATHER", _looked_up, (shape,), dtype="int32", low=0, high=63, quantize=False)
    yield Case("ONE_HOT", lambda x: tf.one_hot(x, 8), ((6,),), dtype="int32", low=0, high=7)
    yield Case("FILL", lambda x: tf.fill((2, 3), x), ((),), dtypes=NUMBERS, quantize=False)
    yield Case("UNIQUE", lambda x: tuple(tf.unique(x)), ((8,),), dtypes=NUMBERS)
    yield Case("NON_MAX_SUPPRESSION_V4", _suppressed, ((6, 4), (6,)), low=0.0, quantize=False)
    yield Case(
        "NON_MAX_SUPPRESSION_V5", _suppressed_softly, ((6, 4), (6,)), low=0.0, quantize=False
    )
    yield Case("WHILE", _looped, ((1, 4),), low=1.0, quantize=False)
    yield Case("IF", _branched, ((1, 4),), quantize=False)
    yield Case("COMPLEX_ABS", lambda x: tf.abs(tf.signal.rfft2d(x)), ((1, 8, 8),), quantize=False)


def _looked_up(index: tf.Tensor) -> tf.Tensor:
    return tf.gather(_weights(64, 16), index)


def _suppressed(boxes: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return tuple(
        tf.raw_ops.NonMaxSuppressionV4(
            boxes=boxes, scores=scores, max_output_size=3, iou_threshold=0.5, score_threshold=0.1,
            pad_to_max_output_size=True,
        )
    )  # fmt: skip


def _suppressed_softly(boxes: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return tuple(
        tf.raw_ops.NonMaxSuppressionV5(
            boxes=boxes, scores=scores, max_output_size=3, iou_threshold=0.5, score_threshold=0.1,
            soft_nms_sigma=0.5, pad_to_max_output_size=True,
        )
    )  # fmt: skip


def _looped(x: tf.Tensor) -> tf.Tensor:
    return tf.while_loop(lambda y: tf.reduce_sum(y) < 100.0, lambda y: [y * 2.0], [x])[0]


def _branched(x: tf.Tensor) -> tf.Tensor:
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x - 1.0)


def _weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape, scale=0.3).astype(np.float32)


def network_cases() -> Iterator[Case]:
    """Give operators with weights, pooling, resizing and recurrent ones."""
    bias = np.linspace(-0.5, 0.5, 16, dtype=np.float32)
    for image in ((1, 6, 6, 8), (1, 1, 6, 8)):
        for strides, dilations in ((1, 1), (2, 1), (1, 2)):
            yield Case("CONV_2D", _convolution(strides, dilations, bias), (image,), heavy=True)
            yield Case(
                "DEPTHWISE_CONV_2D",
                _depthwise(strides, dilations),
                ((*image[:3], 128),),
                heavy=True,
            )
    yield Case("CONV_2D", lambda x: tf.nn.conv2d(x, _weights(3, 3, 8, 16), 1, "VALID"))
    yield Case(
        "CONV_2D", lambda x: tf.nn.relu(tf.nn.conv2d(x, _weights(3, 3, 4, 16), 1, "SAME") + bias)
    )
    for padding in ("SAME", "VALID"):
        yield Case("TRANSPOSE_CONV", _transposed_convolution(padding), heavy=True)
        yield Case("AVERAGE_POOL_2D", lambda x, p=padding: tf.nn.avg_pool2d(x, 2, 2, p))
        yield Case("MAX_POOL_2D", lambda x, p=padding: tf.nn.max_pool2d(x, 2, 2, p))
    yield Case("CONV_3D", lambda x: tf.nn.conv3d(x, _weights(2, 2, 2, 8, 4), (1,) * 5, "SAME"),
               ((1, 4, 4, 4, 8),))  # fmt: skip
    yield Case(
        "FULLY_CONNECTED",
        lambda x: tf.nn.relu(tf.matmul(x, _weights(64, 16)) + bias),
        ((1, 64),),
        heavy=True,
    )
    yield Case("FULLY_CONNECTED", lambda x: tf.matmul(x, _weights(64, 16)), ((1, 64),), heavy=True)
    yield Case("DENSIFY", _sparse_dense, ((1, 64),), quantize=False)
    yield Case("CONV_3D_TRANSPOSE", _transposed_volume, ((1, 3, 3, 3, 8),))
    yield Case("FULLY_CONNECTED", _dense_on_sequence, ((1, 5, 64),), heavy=True)
    yield Case("FULLY_CONNECTED", _dense_on_sequence, ((1, 2, 5, 64),), heavy=True)
    yield Case("BATCH_MATMUL", tf.matmul, ((5, 8), (8, 6)))
    yield Case("BATCH_MATMUL", tf.matmul, ((1, 5, 8), (1, 8, 6)))
    yield Case("BATCH_MATMUL", tf.matmul, ((1, 2, 2, 5, 8), (1, 2, 2, 8, 6)))
    yield Case(
        "BATCH_MATMUL", lambda x, y: tf.matmul(x, y, transpose_b=True), ((1, 2, 5, 8), (1, 2, 6, 8))
    )
    yield Case(
        "BATCH_MATMUL", lambda x: tf.matmul(x, _weights(2, 64, 16)), ((2, 5, 64),), heavy=True
    )
    yield from _resizes()
    yield from _recurrent()


def _dense_on_sequence(x: tf.Tensor) -> tf.Tensor:
    return tf.tensordot(x, _weights(64, 16), 1) + np.linspace(-0.5, 0.5, 16, dtype=np.float32)


def _sparse_dense(x: tf.Tensor) -> tf.Tensor:
    weights = _weights(64, 16)
    return tf.matmul(x, np.where(np.abs(weights) > 0.5, weights, np.float32(0)))


def _transposed_volume(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv3d_transpose(x, _weights(2, 2, 2, 4, 8), (1, 6, 6, 6, 4), 2, "SAME")


def _convolution(strides: int, dilations: int, bias: np.ndarray) -> Callable[..., tf.Tensor]:
    return lambda x: tf.nn.relu(
        tf.nn.conv2d(x, _weights(3, 3, 8, 16), strides, "SAME", dilations=dilations) + bias
    )


def _depthwise(strides: int, dilations: int) -> Callable[..., tf.Tensor]:
    return lambda x: tf.nn.depthwise_conv2d(
        x, _weights(3, 3, 128, 1), (1, strides, strides, 1), "SAME", dilations=(dilations,) * 2
    )


def _transposed_convolution(padding: str) -> Callable[..., tf.Tensor]:
    size = 12 if padding == "SAME" else 13
    return lambda x: tf.nn.conv2d_transpose(
        x, _weights(3, 3, 16, 8), (1, size, size, 16), 2, padding
    )


def _resizes() -> Iterator[Case]:
    for align, half in ((False, False), (True, False), (False, True)):
        options = {"align_corners": align, "half_pixel_centers": half, "size": (12, 12)}
        yield Case("RESIZE_BILINEAR", lambda x, o=options: tf.raw_ops.ResizeBilinear(images=x, **o))
        yield Case(
            "RESIZE_NEAREST_NEIGHBOR",
            lambda x, o=options: tf.raw_ops.ResizeNearestNeighbor(images=x, **o),
        )


def _recurrent() -> Iterator[Case]:
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    layer = tf_keras.layers.LSTM(32, return_sequences=True)
    layer.build((1, 8, 48))
    yield Case("UNIDIRECTIONAL_SEQUENCE_LSTM", layer, ((1, 8, 48),), heavy=True)
