"""One small TensorFlow function for each operator that Keras models convert to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from network_cases import network_cases, selection_cases
from probe_case import IMAGE, NUMBERS, RANKS, Case, Shape
from special_cases import special_cases


def cases(*, special: bool = False) -> Iterator[Case]:
    """Give every case, each with inputs of one type and one rank.

    Args:
        special: Only those of what is special about an operator; else all others.
    """
    yield from special_cases(_ordinary()) if special else _ordinary()


def _ordinary() -> Iterator[Case]:
    for case in (
        *_unary(),
        *_binary(),
        *_reductions(),
        *_shapes(),
        *selection_cases(),
        *network_cases(),
    ):
        common = len(case.shapes[0]) in (2, 4) or case.shapes[0] not in RANKS
        dtypes = case.dtypes or (case.dtype,)
        for dtype in dtypes:
            if common or dtype == dtypes[0]:  # other ranks in one type only: cases are enough
                yield _typed(case, dtype, quantize=common)


def _typed(case: Case, dtype: str, *, quantize: bool) -> Case:
    quantize = quantize and case.quantize and dtype == "float32"
    return Case(**{**case.__dict__, "dtype": dtype, "quantize": quantize, "dtypes": ()})


def _unary() -> Iterator[Case]:
    functions = {
        "CEIL": tf.math.ceil,
        "COS": tf.math.cos,
        "ELU": tf.nn.elu,
        "FLOOR": tf.math.floor,
        "GELU": tf.nn.gelu,
        "HARD_SWISH": lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
        "LEAKY_RELU": lambda x: tf.nn.leaky_relu(x, 0.1),
        "LOGISTIC": tf.math.sigmoid,
        "LOG_SOFTMAX": tf.nn.log_softmax,
        "RELU": tf.nn.relu,
        "RELU6": tf.nn.relu6,
        "RELU_N1_TO_1": lambda x: tf.minimum(tf.maximum(x, -1.0), 1.0),
        "ROUND": tf.math.round,
        "SIN": tf.math.sin,
        "SOFTMAX": tf.nn.softmax,
        "TANH": tf.math.tanh,
    }
    positive = {"LOG": tf.math.log, "RSQRT": tf.math.rsqrt, "SQRT": tf.math.sqrt, "EXP": tf.exp}
    counted = {"ABS": tf.abs, "NEG": tf.negative, "SQUARE": tf.square, "SIGN": tf.sign}
    for shape in RANKS:
        for name, function in functions.items():
            yield Case(name, function, (shape,))
        for name, function in positive.items():
            yield Case(name, function, (shape,), low=0.1)
        for name, function in counted.items():
            yield Case(name, function, (shape,), dtypes=NUMBERS)
        yield Case("ZEROS_LIKE", tf.negative, (shape,), became="NEG", answer=tf.zeros_like,
                   dtypes=NUMBERS)  # fmt: skip
        yield Case("RELU_0_TO_1", tf.nn.relu6, (shape,), became="RELU6", answer=_relu_0_to_1)
        yield Case("CUMSUM", lambda x: tf.cumsum(x, axis=-1), (shape,), dtypes=NUMBERS)
        yield Case("LOGICAL_NOT", tf.logical_not, (shape,), dtype="bool")
        yield Case("L2_NORMALIZATION", lambda x: tf.math.l2_normalize(x, -1), (shape,))
        yield Case("PRELU", _prelu, (shape,))
        yield Case("CAST", _cast_to("int32"), (shape,), low=0.0, high=9.0, quantize=False)
    yield Case("LOCAL_RESPONSE_NORMALIZATION", lambda x: tf.nn.lrn(x, 2, 1.0, 0.5, 0.75))
    yield from _casts()


def _relu_0_to_1(x: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(x, 0.0, 1.0)


def _prelu(x: tf.Tensor) -> tf.Tensor:
    slopes = np.linspace(0.1, 0.5, 8, dtype=np.float32).reshape((1,) * (len(x.shape) - 2) + (8,))
    return tf.nn.relu(x) + -slopes * tf.nn.relu(-x)


def _casts() -> Iterator[Case]:
    types = ("float32", "int32", "int64", "int8", "uint8", "int16", "bool")
    for source in types:
        for target in types:
            if source != target:
                yield Case(
                    "CAST", _cast_to(target), dtype=source, low=0.0, high=9.0, quantize=False
                )


def _cast_to(target: str) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: tf.cast(x, target)


def _binary() -> Iterator[Case]:
    functions = {
        "ADD": tf.add,
        "MAXIMUM": tf.maximum,
        "MINIMUM": tf.minimum,
        "MUL": tf.multiply,
        "SUB": tf.subtract,
        "SQUARED_DIFFERENCE": tf.math.squared_difference,
    }
    comparisons = {
        "EQUAL": tf.equal,
        "GREATER": tf.greater,
        "GREATER_EQUAL": tf.greater_equal,
        "LESS": tf.less,
        "LESS_EQUAL": tf.less_equal,
        "NOT_EQUAL": tf.not_equal,
    }
    positive = {"DIV": tf.divide, "FLOOR_DIV": tf.math.floordiv, "FLOOR_MOD": tf.math.floormod}
    for shape in RANKS:
        for shapes in ((shape, shape), (shape, (8,))):
            for name, function in (functions | comparisons).items():
                yield Case(name, function, shapes, dtypes=NUMBERS)
            for name, function in positive.items():
                types = ("float32",) if name == "DIV" else NUMBERS
                yield Case(name, function, shapes, low=1.0, high=9.0, dtypes=types)
            yield Case("POW", tf.pow, shapes, low=0.5, dtypes=("float32", "int32"))
            yield Case("ATAN2", tf.atan2, shapes)
            yield Case("LOGICAL_AND", tf.logical_and, shapes, dtype="bool")
            yield Case("LOGICAL_OR", tf.logical_or, shapes, dtype="bool")
        for name, function in functions.items():
            yield Case(name, _with_constant(function), (shape,))
    yield Case("ADD_N", lambda a, b, c: tf.raw_ops.AddN(inputs=[a, b, c]), (IMAGE,) * 3)


def _with_constant(function: Callable[..., tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    constant = np.linspace(-1.0, 1.5, 8, dtype=np.float32)
    return lambda x: function(x, constant)


def _reductions() -> Iterator[Case]:
    functions = {
        "MEAN": tf.reduce_mean,
        "REDUCE_MAX": tf.reduce_max,
        "REDUCE_MIN": tf.reduce_min,
        "REDUCE_PROD": tf.reduce_prod,
        "SUM": tf.reduce_sum,
    }
    logical = {"REDUCE_ANY": tf.reduce_any, "REDUCE_ALL": tf.reduce_all}
    for shape in RANKS:
        for keep in (False, True):
            for axes in ((-1,), (1, 2)) if len(shape) == 4 else ((-1,),):
                for name, function in (functions | logical).items():
                    types = ("bool",) if name in logical else NUMBERS
                    yield Case(name, _reduced(function, axes, keep), (shape,), dtypes=types)
        yield Case("ARG_MAX", lambda x: tf.argmax(x, -1, tf.int32), (shape,), dtypes=NUMBERS[:2])
        yield Case("ARG_MIN", lambda x: tf.argmin(x, -1, tf.int32), (shape,), dtypes=NUMBERS[:2])
        yield Case("ARG_MAX", lambda x: tf.argmax(x, -1), (shape,))
        yield Case("TOPK_V2", lambda x: tuple(tf.math.top_k(x, 3)), (shape,), dtypes=NUMBERS[:2])


def _reduced(
    function: Callable[..., tf.Tensor], axes: Shape, keep: bool
) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: function(x, axes, keep)


def _shapes() -> Iterator[Case]:
    types = (*NUMBERS, "bool", "uint8", "int8", "int16")
    for shape in RANKS:
        rank = len(shape)
        pads = [[0, 0]] * (rank - 1) + [[1, 2]]
        half = (*shape[:-1], shape[-1] // 2)
        yield Case("RESHAPE", lambda x: tf.reshape(x, (1, -1)), (shape,), dtypes=types)
        yield Case("TRANSPOSE", _transposed(rank), (shape,), dtypes=types)
        yield Case("EXPAND_DIMS", lambda x: tf.expand_dims(x, 1), (shape,), dtypes=types,
                   became="RESHAPE")  # fmt: skip
        yield Case("PACK", lambda x, y: tf.stack([x, y], 1), (shape,) * 2, dtypes=types)
        yield Case("CONCATENATION", lambda x, y: tf.concat([x, y], -1), (shape,) * 2, dtypes=types)
        yield Case("SPLIT", lambda x: tuple(tf.split(x, 2, -1)), (shape,), dtypes=types)
        yield Case("SPLIT_V", lambda x: tuple(tf.split(x, [3, 5], -1)), (shape,), dtypes=types)
        yield Case("UNPACK", _unpacked, (half,), dtypes=types)
        yield Case("PAD", _padded(pads), (shape,), dtypes=types)
        yield Case("PADV2", _padded(pads, 1), (shape,), dtypes=types)
        yield Case("MIRROR_PAD", lambda x, p=pads: tf.pad(x, p, "REFLECT"), (shape,), dtypes=types)
        yield Case(
            "TILE", lambda x, r=rank: tf.tile(x, [1] * (r - 1) + [2]), (shape,), dtypes=types
        )
        yield Case("REVERSE_V2", lambda x: tf.reverse(x, [-1]), (shape,), dtypes=types)
        yield Case("SLICE", lambda x, s=half: tf.slice(x, [0] * len(s), s), (shape,), dtypes=types)
        yield Case("STRIDED_SLICE", lambda x: x[..., 1:7:2], (shape,), dtypes=types)
        yield Case("GATHER", lambda x: tf.gather(x, [3, 1, 0], axis=-1), (shape,), dtypes=types)
        yield Case(
            "BROADCAST_TO", lambda x: tf.broadcast_to(x, (3, *x.shape)), (shape,), dtypes=types
        )
    for shape in ((1, 8), (1, 6, 8), (1, 6, 1, 8), (1, 6, 2, 1, 8)):
        yield Case("SQUEEZE", tf.squeeze, (shape,), dtypes=types, became="RESHAPE")
    yield from _blocks(types)


def _transposed(rank: int) -> Callable[[tf.Tensor], tf.Tensor]:
    order = [0, *range(rank - 1, 0, -1)] if rank > 2 else list(range(rank))[::-1]
    return lambda x: tf.transpose(x, order)


def _unpacked(x: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return tuple(tf.unstack(x, axis=-1))


def _padded(pads: list[list[int]], value: int = 0) -> Callable[[tf.Tensor], tf.Tensor]:
    def function(x: tf.Tensor) -> tf.Tensor:
        constant = tf.cast(value, x.dtype)
        return (
            tf.raw_ops.PadV2(input=x, paddings=pads, constant_values=constant)
            if value
            else (tf.raw_ops.Pad(input=x, paddings=pads))
        )

    return function


def _blocks(types: tuple[str, ...]) -> Iterator[Case]:
    yield Case("SPACE_TO_DEPTH", lambda x: tf.nn.space_to_depth(x, 2), dtypes=types)
    yield Case("DEPTH_TO_SPACE", lambda x: tf.nn.depth_to_space(x, 2), dtypes=types)
    yield Case("SPACE_TO_BATCH_ND", lambda x: tf.space_to_batch(x, [2, 2], [[0, 0], [0, 0]]))
    yield Case("BATCH_TO_SPACE_ND", lambda x: tf.batch_to_space(x, [2, 2], [[0, 0], [0, 0]]),
               ((4, 3, 3, 8),))  # fmt: skip
    yield Case("REVERSE_SEQUENCE", lambda x: tf.reverse_sequence(x, [3], 1, 0), ((1, 6, 8),))
    yield Case("GATHER_ND", lambda x: tf.gather_nd(x, [[0, 1], [0, 3]]), dtypes=types)
    yield Case(
        "SCATTER_ND", lambda x: tf.scatter_nd([[1], [4]], x, (6, 8)), ((2, 8),), dtypes=types
    )
    yield Case("MATRIX_DIAG", tf.linalg.diag, ((1, 8),))
    yield Case("MATRIX_SET_DIAG", tf.linalg.set_diag, ((1, 6, 6), (1, 6)))
    yield Case("DYNAMIC_UPDATE_SLICE", _updated, ((6, 8), (2, 8)))
    for name in ("sum", "max", "min", "prod"):
        function = getattr(tf.math, f"unsorted_segment_{name}")
        yield Case(f"UNSORTED_SEGMENT_{name.upper()}", lambda x, f=function: f(x, [0, 0, 1], 2),
                   ((3, 8),))  # fmt: skip
    yield Case("SEGMENT_SUM", lambda x: tf.math.segment_sum(x, [0, 0, 1]), ((3, 8),))


def _updated(x: tf.Tensor, update: tf.Tensor) -> tf.Tensor:
    from tensorflow.compiler.tf2xla.python import xla

    return xla.dynamic_update_slice(x, update, tf.constant([1, 0]))
