"""Write a `.tflite` from a SavedModel with TensorFlow's converter, and check what it wrote.

Only for a child process: the converter and its calibrator can crash the process they run in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.conversion.diagnosis import WHOLE_NUMBERS, Diagnosis, Layers, listed
from edgekit.conversion.ranges.calibrator import calibrated
from edgekit.conversion.ranges.measured_values import one_by_one
from edgekit.core.recipe import Signature
from edgekit.core.types import Batch
from edgekit.core.variant import Precision
from edgekit.intake.options import PLAIN, Options
from edgekit.tflite.editing import unpack
from edgekit.tflite.graph_check import called_subgraphs
from edgekit.tflite.reader import Model, Operator, Subgraph, TensorInfo

if TYPE_CHECKING:
    import tensorflow as tf

STATIC: tuple[Precision, ...] = ("int8", "int16x8")
"""Precisions whose activations have fixed ranges, found by calibration or by training."""

_LEVELS: Mapping[Precision, int] = {"int8": 2**8, "int16x8": 2**16}
"""How many numbers an activation can hold."""

_LARGEST_FILE = 2**31 - 1
"""tflite-runtime 2.14 addresses a file with 31 bits; so do FlatBuffers without extensions."""

_LARGEST_SCALE = 1e30
"""The calibrator clips infinity to the largest float, whose scale is above this."""

_CARRIERS = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "TRANSPOSE", "STRIDED_SLICE", "SQUEEZE")
"""Operators that leave a number what it is."""

_STATEFUL = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")


def has_trained_ranges(folder: Path) -> bool:
    """Whether a SavedModel holds the fake-quantization nodes of quantization-aware training."""
    return b"FakeQuantWithMinMaxVars" in (folder / "saved_model.pb").read_bytes()


def to_tflite(
    folder: Path,
    *,
    precision: Precision,
    examples: Batch | None = None,
    options: Options = PLAIN,
) -> bytearray:
    """Return the `.tflite` for a SavedModel written by `edgekit.source_model.export.export`.

    Args:
        folder: The SavedModel.
        precision: See `edgekit.core.variant.PRECISIONS`.
        examples: Calibration data, checked by `edgekit.source_model.calibration`; they are used one
            at a time.
        options: What type goes in and out, and whether TensorFlow's own operators may stay.

    Raises:
        Exception: Whatever TensorFlow raises; `edgekit.conversion.diagnosis.diagnose` explains it.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    # Inside loops a SavedModel keeps a batch that was once free; here it is always 1.
    converter._experimental_default_to_single_batch_in_tensor_list_ops = True
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "dynamic_int8":
        # By default TensorFlow 2.21 writes what tflite-runtime 2.14 refuses: FULLY_CONNECTED 12
        # (per-channel dense layers), and TRANSPOSE_CONV of int8 weights with float activations.
        # The older quantizer writes version 9, and converts such weights to float for their use.
        converter.experimental_new_dynamic_range_quantizer = False
    if precision in STATIC and examples is not None:
        converter.representative_dataset = lambda: one_by_one(examples)
    if precision in STATIC and options.io != "float":
        dtype = tf.uint8 if options.io == "uint8" else tf.int8
        dtype = dtype if precision == "int8" else tf.int16
        converter.inference_input_type = converter.inference_output_type = dtype
    allowed = [_operator_set(precision, is_calibrated=examples is not None)]
    if options.allow_select_ops:
        allowed.append(tf.lite.OpsSet.SELECT_TF_OPS)
    converter.target_spec.supported_ops = allowed
    converter._experimental_disable_per_channel = options.quantization.per_tensor
    levels = _LEVELS.get(precision, 256)
    try:
        with calibrated(examples or {}, levels=levels, quantization=options.quantization):
            return bytearray(converter.convert())
    except TypeError:  # of int16x8, where TensorFlow 2.21 takes an operator for granted
        plain = bytearray(tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert())
        if unpack(plain).subgraphs[0].operators:
            raise
        return plain


def order_ports(data: bytearray, signature: Signature) -> None:
    """Put the inputs and outputs of a `.tflite` into the order of `signature`, in place.

    TensorFlow writes them in an order of its own; programs that use positions expect Keras' order.

    Raises:
        ValueError: The file has other inputs or outputs than `signature`.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(data, 0)
    graph, defined = model.Subgraphs(0), model.SignatureDefs(0)
    inputs = {
        defined.Inputs(k).Name().decode(): defined.Inputs(k).TensorIndex()
        for k in range(defined.InputsLength())
    }
    outputs = {
        defined.Outputs(k).Name().decode(): defined.Outputs(k).TensorIndex()
        for k in range(defined.OutputsLength())
    }
    for vector, indices, wanted in (
        (graph.InputsAsNumpy(), inputs, signature.inputs),
        (graph.OutputsAsNumpy(), outputs, signature.outputs),
    ):
        names = [tensor.name for tensor in wanted]
        if sorted(indices) != sorted(names):
            raise ValueError(f"the file has {sorted(indices)}, the model has {sorted(names)}")
        vector[:] = [indices[name] for name in names]  # a view into `data`


def fault_of(model: Model, layers: Layers, *, allow_select_ops: bool) -> Diagnosis | None:
    """Return what makes a written file unusable, though the converter reported nothing, or None."""
    everything = [op for graph in model.subgraphs for op in graph.operators]
    if model.size_bytes > _LARGEST_FILE:
        return Diagnosis(
            name="too-large",
            finding=f"The file would have {model.size_bytes / 2**30:.1f} GiB; 2 GiB are allowed.",
            remedy="Use float16 or int8, or a smaller model.",
        )
    if any(op.name in _STATEFUL for op in everything):
        return Diagnosis(
            name="state",
            finding="The model keeps state between calls (stateful=True, or a layer that assigns "
            "to a variable when it runs).",
            remedy="Build it without state, or make the state an input and an output.",
        )
    if len(model.signatures) > 1 and any(
        tensor.is_variable for graph in model.subgraphs for tensor in graph.tensors
    ):
        return Diagnosis(
            name="state",
            finding="A fused LSTM keeps a state, which interpreters reset for one signature only.",
            remedy="Convert each signature to a file of its own, or with --recurrent fast.",
        )
    custom = sorted({op.name for op in everything if op.name.startswith("CUSTOM:")})
    if custom and not allow_select_ops:
        return Diagnosis(
            name="missing-operator",
            finding=f"The file holds {listed(custom)}, which is no built-in operator.",
            remedy="Replace the layer, or let TensorFlow's own operators in: --select-ops.",
        )
    if indices := _coarse_indices(model):
        return Diagnosis(
            name="float-indices",
            finding=f"Floats become integers, such as word numbers{layers.sentence([indices])}, "
            "and are more than the 256 whole numbers of int8.",
            remedy=WHOLE_NUMBERS,
        )
    wild = [t.name for t in _activations(model) if any(_is_wild(scale) for scale in t.scales)]
    if wild:
        return Diagnosis(
            name="not-finite",
            finding=f"Calibration met NaN or infinity{layers.sentence(wild[:1])}.",
            remedy="Correct the layer, or remove the calibration examples that cause it.",
        )
    return None


def notes_of(model: Model, precision: Precision, layers: Layers) -> list[str]:
    """Return sentences on what may surprise the user of a written file."""
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    if precision != "float32" and not any(graph.operators for graph in model.subgraphs):
        return [f"The model computes nothing, so nothing of it is {precision}: floats stay floats."]
    notes = []
    if any(tensor.is_variable for tensor in tensors):
        notes.append(
            "A fused LSTM keeps its state from one invocation to the next; call "
            "reset_all_variables() before each new sequence."
        )
    if precision == "dynamic_int8" and not any(
        t.is_constant and t.dtype in ("int8", "int4") for t in tensors
    ):
        notes.append("No weight is int8: those of fewer than 1,024 values stay float32.")
    if any(t.is_constant and t.dtype == "int4" for t in tensors):
        notes.append("Weights of 4 bits run on LiteRT; tflite-runtime 2.14 refuses the file.")
    if precision in STATIC and (floats := _float_operators(model)):
        kinds = list(dict.fromkeys(op.name for op, _ in floats))
        paths = [path_of(op, graph, layers) for op, graph in floats]
        where = layers.sentence(paths) or layers.sentence_by_kind(kinds)
        notes.append(
            f"Computed in float32, for want of an {precision} operator: {listed(kinds)}{where}."
        )
    return notes


def path_of(op: Operator, graph: Subgraph, layers: Layers) -> str:
    """Return the tensor name that tells which layer an operator came from.

    Usually that is the name of its output. But the model's outputs are named by number, so for the
    last operators the name of a weight is used. Other inputs belong to the layers before.
    """
    read = [graph.tensors[k] for k in op.inputs if k >= 0]
    names = [graph.tensors[k].name for k in op.outputs]
    names += [tensor.name for tensor in read if tensor.is_constant]
    return next(filter(layers.find, names), names[0])


def flex_operators(model: Model) -> list[str]:
    """Return the names of TensorFlow's own operators in a file, sorted."""
    names = {op.name for graph in model.subgraphs for op in graph.operators}
    return sorted(name.removeprefix("CUSTOM:Flex") for name in names if "CUSTOM:Flex" in name)


def _operator_set(precision: Precision, *, is_calibrated: bool) -> tf.lite.OpsSet:
    import tensorflow as tf

    if precision == "int16x8":
        # No other set beside it: with float operators, TensorFlow 2.21 confuses the types of some
        # (GREATER, SQUARED_DIFFERENCE) and writes files that no interpreter runs.
        return tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    if precision == "int8" and is_calibrated:
        return tf.lite.OpsSet.TFLITE_BUILTINS_INT8
    return tf.lite.OpsSet.TFLITE_BUILTINS


def _activations(model: Model) -> list[TensorInfo]:
    return [t for graph in model.subgraphs for t in graph.tensors if not t.is_constant]


def _coarse_indices(model: Model) -> str:
    """Return the name of what makes integers of a quantized input whose steps are not 1, or ""."""
    graph = model.main
    sources = {op.outputs[0]: op.inputs[0] for op in graph.operators if op.name in _CARRIERS}
    for op in graph.operators:
        if op.name == "CAST" and graph.tensors[op.outputs[0]].dtype in ("int32", "int64"):
            start = op.inputs[0]
            while start in sources:
                start = sources[start]
            if start in graph.inputs and graph.tensors[op.inputs[0]].dtype == "float32":
                carried = _quantized_on_the_way(graph, op.inputs[0], sources)
                if any(tensor.scales != (1.0,) for tensor in carried):
                    return graph.tensors[op.outputs[0]].name
    return ""


def _quantized_on_the_way(
    graph: Subgraph, tensor: int, sources: Mapping[int, int]
) -> list[TensorInfo]:
    """Return the tensors with steps between a graph's input and a tensor."""
    passed = [tensor]
    while passed[-1] in sources:
        passed.append(sources[passed[-1]])
    return [graph.tensors[k] for k in passed if graph.tensors[k].scales]


def _is_wild(scale: float) -> bool:
    return not math.isfinite(scale) or scale > _LARGEST_SCALE


def _float_operators(model: Model) -> list[tuple[Operator, Subgraph]]:
    """Return the operators that compute in float32, each with its graph.

    Those in loops are left out: most do by choice, see `edgekit.conversion.ranges.loop_ranges`.
    """
    called = {k for each in model.subgraphs for op in each.operators for k in called_subgraphs(op)}
    return [
        (op, graph)
        for number, graph in enumerate(model.subgraphs)
        for op in graph.operators
        if number not in called
        and op.name not in ("QUANTIZE", "DEQUANTIZE", "WHILE")
        and any(graph.tensors[k].dtype == "float32" for k in op.outputs)
    ]
