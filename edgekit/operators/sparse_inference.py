"""Will XNNPACK compute with a file's zeros left out? A prediction from what its makers document.

XNNPACK is what runs float convolutions on CPUs in tflite-runtime and LiteRT. Its sparse kernels
take a whole stretch of a network or nothing of it; other zeros are multiplied like any number.

Source of every rule: "Sparse Inference" in tensorflow/lite/delegates/xnnpack/README.md of
https://github.com/tensorflow/tensorflow, read in 2026; the networks it is made for are those of
Elsen et al., Fast Sparse ConvNets, 2019, https://arxiv.org/abs/1911.09723.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array
from edgekit.tflite.reader import Model, Operator, Subgraph, TensorInfo, constant

LEAST_ZEROS = 2 / 3
"""Share of the weights of all 1x1 convolutions of a stretch that must be zero."""

TAKEN = (
    "predicted: taken where XNNPACK is built for it; measured on x86-64, neither litert 2.3 nor "
    "tflite-runtime 2.14 gained anything by it"
)
"""What is said of a file that keeps all rules. A network of five convolutions that does, with 90 %
zeros, answered with the same bytes as its dense form and took as long: 1.00 times on litert (0.97
to 1.02), 1.00 times on tflite-runtime (0.98 to 1.16), by `edgekit compare`, 2026, one thread."""

UNARY = frozenset(
    {
        *("ABS", "CEIL", "ELU", "FLOOR", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "NEG", "RELU"),
        *("RELU6", "RELU_N1_TO_1", "ROUND", "SQUARE"),
    }
)
"""Operators of one input that a stretch may hold."""

UNPACKING = ("DENSIFY", "DEQUANTIZE")
"""Operators between stored weights and the operator that multiplies with them."""

_KERNELS = {3: 1, 5: 2}
"""Size of a depthwise kernel -> the padding on each side that goes with it."""


def sparse_path(model: Model) -> str:
    """Predict, in a sentence, whether XNNPACK's sparse path takes a file, and what stops it."""
    graph = _Graph(model)
    starts = [op for op in graph.operators if graph.is_start(op)]
    if not starts:
        return (
            "predicted: not taken; no float32 CONV_2D of 3x3, stride 2, padding 1 on each side and "
            "3 input channels that a sparse stretch could start with"
        )
    stopped = [graph.stop(start) for start in starts]
    return TAKEN if "" in stopped else f"predicted: not taken; {stopped[0]}"


class _Graph:
    """The main subgraph, with who reads and who writes each tensor."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.graph: Subgraph = model.main
        self.operators = [op for op in self.graph.operators if op.name not in UNPACKING]
        self.writers = {k: op for op in self.graph.operators for k in op.outputs}

    def is_start(self, op: Operator) -> bool:
        """Whether a stretch may start with an operator."""
        weights = self.shape(op, 1)
        return (
            op.name == "CONV_2D"
            and self.is_float(op)
            and weights[1:] == (3, 3, 3)
            and _window(op) == (2, 2, 1, 1)
            and self.padding(op, 3) == (1, 1, 1, 1)
        )

    def stop(self, start: Operator) -> str:
        """Return what keeps the stretch behind a start from being sparse; "" if nothing does."""
        inside, ends = set(start.outputs), 0
        pointwise: list[Operator] = []
        for op in self.operators:
            if not inside & set(op.inputs):
                continue
            if self.is_end(op):
                ends += 1
            if op.name == "PAD" and self.is_padding(op):
                inside |= set(op.outputs)  # becomes part of the convolution behind it
            elif why := self.refused(op):
                return f"{op.name} (operator {op.index}) {why}"
            elif not self.is_end(op):
                inside |= set(op.outputs)
                pointwise += [op] if op.name == "CONV_2D" else []
        if not ends:
            return "it ends in no MEAN over height and width and no DEPTH_TO_SPACE"
        return self.too_dense(pointwise)

    def is_end(self, op: Operator) -> bool:
        """Whether a stretch may end with an operator."""
        return op.name == "DEPTH_TO_SPACE" or (op.name == "MEAN" and self.is_spatial(op))

    def refused(self, op: Operator) -> str:
        """Return why a stretch cannot hold an operator; "" if it can."""
        if not self.is_float(op):
            return "is not float32"
        if op.name in UNARY or self.is_end(op) or op.name == "RESIZE_BILINEAR":
            return ""
        if op.name in ("ADD", "MUL"):
            fits = all(len(self.shape(op, k)) == 4 or self.is_vector(op, k) for k in (0, 1))
            return "" if fits else "has an input of other than 4 dimensions"
        if op.name == "CONV_2D":
            fits = self.shape(op, 1)[1:3] == (1, 1) and _window(op) == (1, 1, 1, 1)
            return "" if fits else "is no 1x1 convolution of stride 1"
        if op.name == "DEPTHWISE_CONV_2D":
            return self.refused_depthwise(op)
        return "is none of those that a sparse stretch may hold"

    def refused_depthwise(self, op: Operator) -> str:
        """Return why a depthwise convolution cannot be in a stretch; "" if it can."""
        height, width = (*self.shape(op, 1)[1:3], 0, 0)[:2]
        stride_h, stride_w, *dilation = _window(op)
        if height != width or height not in _KERNELS:
            return f"has a kernel of {height}x{width}; 3x3 and 5x5 are taken"
        if stride_h != stride_w or stride_h not in (1, 2) or dilation != [1, 1]:
            return "has a stride above 2, or a dilation"
        if self.padding(op, height) != (_KERNELS[height],) * 4:
            return f"has another padding than {_KERNELS[height]} on each side"
        return ""

    def too_dense(self, pointwise: list[Operator]) -> str:
        """Return what of the weights of 1x1 convolutions is too dense, or not stored sparsely."""
        zeros = total = 0
        for op in pointwise:
            stored = self.stored(op.inputs[1])
            values = constant(self.model, stored)
            if values is not None:
                zeros, total = zeros + int(np.count_nonzero(values == 0)), total + values.size
        if zeros < LEAST_ZEROS * total or not total:
            share = zeros / total if total else 0.0
            return f"{share:.1%} of the weights of its 1x1 convolutions are zero; 2/3 must be"
        for op in pointwise:
            if not self.stored(op.inputs[1]).is_sparse:
                return f"the weights of CONV_2D (operator {op.index}) are not sparse-encoded"
        return ""

    def stored(self, index: int) -> TensorInfo:
        """Return the constant that a weight is unpacked from; itself if it is one."""
        while (writer := self.writers.get(index)) and writer.name in UNPACKING and writer.inputs:
            index = writer.inputs[0]
        return self.graph.tensors[index]

    def shape(self, op: Operator, position: int) -> tuple[int, ...]:
        """Return the shape of an input; () where there is none."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return ()
        return self.graph.tensors[op.inputs[position]].shape

    def is_float(self, op: Operator) -> bool:
        """Whether an operator computes from float32 to float32."""
        ends = (*op.inputs[:1], *op.outputs[:1])
        types = [self.graph.tensors[index].dtype for index in ends if index >= 0]
        return types == ["float32", "float32"]

    def is_vector(self, op: Operator, position: int) -> bool:
        """Whether an input is a constant that is a number, or one for each channel."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return False
        tensor = self.graph.tensors[op.inputs[position]]
        return tensor.is_constant and np.prod(tensor.shape[:-1], dtype=int) == 1

    def is_spatial(self, op: Operator) -> bool:
        """Whether a MEAN is over height and width."""
        axes = self.second(op)
        rank = len(self.shape(op, 0))
        return axes is not None and sorted(int(a) % max(rank, 1) for a in axes.flat) == [1, 2]

    def second(self, op: Operator) -> Array | None:
        """Return the values of an operator's second input, such as axes; None if not constant."""
        if len(op.inputs) < 2 or op.inputs[1] < 0:
            return None
        return constant(self.model, self.graph.tensors[op.inputs[1]])

    def padding(self, op: Operator, kernel: int) -> tuple[int, ...]:
        """Return the padding at top, bottom, left and right, with that of a PAD before."""
        if op.options.get("padding") == "VALID":
            before = self.writers.get(op.inputs[0])
            given = self.amounts(before) if before and before.name == "PAD" else None
            return tuple(given[1:3].flat) if given is not None else (0, 0, 0, 0)
        sides: list[int] = []
        for length, stride in zip(self.shape(op, 0)[1:3], _window(op)[:2], strict=True):
            total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
            sides += [total // 2, total - total // 2]
        return tuple(sides)

    def amounts(self, pad: Operator) -> Array | None:
        """Return what a PAD adds before and behind each of 4 dimensions; None if not known."""
        values = self.second(pad)
        return None if values is None or values.shape != (4, 2) else values.astype(np.int64)

    def is_padding(self, pad: Operator) -> bool:
        """Whether all that reads a PAD is a convolution, which takes it over."""
        readers = [op for op in self.operators if pad.outputs[0] in op.inputs]
        return bool(readers) and all(op.name.endswith("CONV_2D") for op in readers)


def _window(op: Operator) -> tuple[int, ...]:
    """Return stride and dilation, each by height and width."""
    names = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
    values = (op.options.get(name, 1) for name in names)
    return tuple(value if isinstance(value, int) else 0 for value in values)
