"""The values a `.tflite` file is read into: model, subgraphs, operators, tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.tflite.sparse.layout import Sparsity

Option = int | float | bool | str | tuple[int, ...] | tuple[float, ...]
"""The value of an operator's option."""

BITS: Mapping[str, int] = {
    "bool": 8,
    "int2": 2,
    "int4": 4,
    "uint4": 4,
    "int8": 8,
    "uint8": 8,
    "int16": 16,
    "uint16": 16,
    "int32": 32,
    "uint32": 32,
    "int64": 64,
    "uint64": 64,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
    "bfloat16": 16,
    "float16": 16,
    "float32": 32,
    "float64": 64,
    "complex64": 64,
    "complex128": 128,
}
"""Width of one value of a type; text and resources have none."""

OPTION_ENUMS: Mapping[str, str] = {
    "algorithm": "RngAlgorithm",
    "combiner": "CombinerType",
    "compare_type": "StablehloComparisonType",
    "comparison_direction": "StablehloComparisonDirection",
    "fused_activation_function": "ActivationFunctionType",
    "idx_out_type": "TensorType",
    "in_data_type": "TensorType",
    "kernel_type": "LSTMKernelType",
    "key_dtype": "TensorType",
    "mode": "MirrorPadMode",
    "out_data_type": "TensorType",
    "out_type": "TensorType",
    "output_type": "TensorType",
    "padding": "Padding",
    "quantized_bias_type": "TensorType",
    "reduce_function": "ReduceWindowFunction",
    "type": "LSHProjectionType",
    "value_dtype": "TensorType",
    "weights_format": "FullyConnectedOptionsWeightsFormat",
}
"""Option -> the enumeration that its number belongs to; the generated accessors do not say."""


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """One tensor of a subgraph.

    Attributes:
        index: Position in the subgraph's list of tensors.
        shape: As stored; a dimension that is only known while running is 1 here.
        shape_signature: Like `shape`, with -1 for such a dimension; equal to `shape` if there
            is none.
        dtype: Lower-case name in the schema: `float32`, `int8`, `int4`, `string`, `resource` ...
        scales: Real value of one quantization step; one, one a channel, or none.
        zero_points: The quantized value that stands for 0.0; as many as `scales`.
        quantized_dimension: The axis that `scales` run along when there are several.
        is_constant: Whether its values are stored in the file.
        is_variable: Whether it keeps its value from one invocation to the next.
        num_bytes: Bytes stored in the file for a constant; else what shape and type need, 0 if
            that is not known.
        stored: Those bytes; `edgekit.tflite.reader.constant` returns them as an array.
        sparsity: Where its values belong if only those that are not zero are stored.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    quantized_dimension: int = 0
    is_constant: bool = False
    is_variable: bool = False
    num_bytes: int = 0
    stored: memoryview | None = field(default=None, repr=False, compare=False)
    sparsity: Sparsity | None = field(default=None, repr=False, compare=False)

    @property
    def is_sparse(self) -> bool:
        """Whether only its non-zero values are stored."""
        return self.sparsity is not None


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator of a subgraph.

    Attributes:
        index: Position in the subgraph, which is the order of execution.
        name: Name in the schema, such as `CONV_2D`, or `CUSTOM:code`.
        version: The version written in the file; a claim (see `edgekit.operators.versions`).
        inputs: Tensor indices; -1 where an optional input is absent.
        outputs: Tensor indices.
        options: Names as in the schema (`stride_w`); enumerations by their name: `padding` is
            `"SAME"` or `"VALID"`, `fused_activation_function` is `"NONE"`, `"RELU"`, `"RELU6"` ...,
            types are written as in `TensorInfo.dtype`. Both option sets of the schema, merged.
        custom_options: Bytes that only the custom operator understands.
        intermediates: Tensor indices that hold the quantization inside an LSTM.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Option] = field(default_factory=dict)
    custom_options: bytes = field(default=b"", repr=False)
    intermediates: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Subgraph:
    """A function of the model; the first one is the model, others are loop bodies and branches."""

    name: str
    tensors: tuple[TensorInfo, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SignatureDef:
    """A named way to call a subgraph: argument name -> tensor index."""

    key: str
    subgraph_index: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A `.tflite` file.

    Attributes:
        min_runtime: The oldest runtime its writer claims it runs on; "" if it claims nothing.
        metadata: What `edgekit.tflite.metadata.reading.read_metadata` reads; b"" if there are none.
        subgraphs: At least one.
    """

    path: Path
    size_bytes: int
    description: str
    min_runtime: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[SignatureDef, ...]
    metadata: bytes = field(default=b"", repr=False)

    @property
    def main(self) -> Subgraph:
        """The subgraph that runs when the model is invoked."""
        return self.subgraphs[0]


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of the model as the interpreter sees it.

    Attributes:
        index: Tensor index in its subgraph.
        scale: Real value of one step; 0.0 if it is not quantized.
        zero_point: The quantized value that stands for 0.0.
        subgraph: Position of its subgraph; 0 is the main one.
        signature: Name of its signature in a file that has several; `name` then begins with it.
        step: Difference between neighbouring values that it can have; 0.0 if it has any. A float
            output that is made of integers by a last DEQUANTIZE has their scale.
    """

    name: str
    index: int
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    subgraph: int = 0
    signature: str = ""
    step: float = 0.0
