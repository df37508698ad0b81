"""How TensorFlow Lite Micro's resolver calls the operators that it can be given."""

from __future__ import annotations

from edgekit.tflite.model import Model

_NAMES = (
    "Abs Add AddN ArgMax ArgMin AssignVariable AveragePool2D BatchMatMul BatchToSpaceNd "
    "BroadcastArgs BroadcastTo CallOnce Cast Ceil Concatenation Conv2D Cos CumSum DepthToSpace "
    "DepthwiseConv2D Dequantize Div DynamicUpdateSlice EmbeddingLookup Elu Equal Exp ExpandDims "
    "Fill Floor FloorDiv FloorMod FullyConnected Gather GatherNd Greater GreaterEqual HardSwish If "
    "L2Normalization L2Pool2D LeakyRelu Less LessEqual Log LogicalAnd LogicalNot LogicalOr "
    "Logistic LogSoftmax Maximum MaxPool2D MirrorPad Mean Minimum Mul Neg NotEqual Pack Pad PadV2 "
    "Prelu Quantize ReadVariable ReduceAll ReduceMax ReduceMin Relu Relu6 Reshape ResizeBilinear "
    "ResizeNearestNeighbor ReverseV2 Round Rsqrt SelectV2 Shape Sin Slice Softmax SpaceToBatchNd "
    "SpaceToDepth Split SplitV Squeeze Sqrt Square SquaredDifference StridedSlice Sub Sum Svdf "
    "Tanh TransposeConv Transpose Unpack UnidirectionalSequenceLSTM VarHandle While ZerosLike"
)
"""Behind `Add`, of the methods of `MicroMutableOpResolver`.

Source: tensorflow/lite/micro/micro_mutable_op_resolver.h of
https://github.com/tensorflow/tflite-micro, and the kernels in the wheel of October 2026.
"""

_METHODS = {
    **{name.lower(): f"Add{name}" for name in _NAMES.split()},
    "custom:tflitedetectionpostprocess": "AddDetectionPostprocess",
}


def method_of(operator: str) -> str:
    """Return the method that adds an operator of that `Operator.name`; "" if there is none."""
    return _METHODS.get(operator.replace("_", "").lower(), "")


def operators_of(model: Model) -> list[str]:
    """Return the operators that a file uses in any subgraph, each once, sorted."""
    return sorted({op.name for graph in model.subgraphs for op in graph.operators})
