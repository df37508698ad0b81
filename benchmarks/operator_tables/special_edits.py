"""Edit probe files into such as no converter writes, with the same answers: scales, zero points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgekit.operators.scale_traits import ARITHMETIC, FIXED_SCALES, MOVES_VALUES, WEIGHTED
from edgekit.tflite.editing import pack, unpack

if TYPE_CHECKING:
    from probe_files import ProbeFile

EDITED = (*FIXED_SCALES, *MOVES_VALUES, *WEIGHTED, *ARITHMETIC)
"""Operators whose plain files are edited."""

_FINER = 1.3
_MOVED = 5

Edit = Callable[[schema.ModelT, schema.OperatorT], None]


def edited_files(probe: ProbeFile) -> Iterator[ProbeFile]:
    """Give the files that a probe's file can be edited into; none for most."""
    if probe.label.endswith("-ADD-float32-float32"):
        yield _handing_through(probe)
    is_special = any(traits for name, _, _, traits in probe.operators if name == probe.target)
    if is_special or not probe.label.endswith("-int8"):
        return
    if probe.target in (*FIXED_SCALES, *MOVES_VALUES):
        yield _edited(probe, "scaled", _another_scale)
    if probe.target in WEIGHTED:
        yield _edited(probe, "moved", _moved_weights)
        yield replace(_edited(probe, "bare", _bare_weights), tolerance=math.inf)
    if probe.target in ARITHMETIC:
        yield _without_scales(probe)


def _edited(probe: ProbeFile, how: str, edit: Edit) -> ProbeFile:
    model = unpack(Path(probe.path).read_bytes())
    code = getattr(schema.BuiltinOperator, probe.target)
    for operator in model.subgraphs[0].operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == code:
            edit(model, operator)
    return _written(probe, how, model)


def _written(probe: ProbeFile, how: str, model: schema.ModelT) -> ProbeFile:
    from probe_files import rows

    path = Path(probe.path).with_suffix(f".{how}.tflite")
    path.write_bytes(pack(model))
    return replace(probe, label=f"{probe.label}-{how}", path=str(path), operators=rows(path))


def _another_scale(model: schema.ModelT, operator: schema.OperatorT) -> None:
    for index in operator.outputs:
        quantization = model.subgraphs[0].tensors[index].quantization
        if quantization is not None and quantization.scale is not None:
            quantization.scale = [_FINER * scale for scale in quantization.scale]


def _moved_weights(model: schema.ModelT, operator: schema.OperatorT) -> None:
    tensor = model.subgraphs[0].tensors[operator.inputs[1]]
    buffer = model.buffers[tensor.buffer]
    if tensor.type == schema.TensorType.INT8 and buffer.data is not None:
        values = np.asarray(buffer.data, np.uint8).view(np.int8).astype(int)
        buffer.data = np.clip(values + _MOVED, -128, 127).astype(np.int8).view(np.uint8)
        tensor.quantization.zeroPoint = [_MOVED] * len(tensor.quantization.scale)


def _bare_weights(model: schema.ModelT, operator: schema.OperatorT) -> None:
    tensor = model.subgraphs[0].tensors[operator.inputs[1]]
    if tensor.type == schema.TensorType.INT8:
        tensor.quantization = None


def _without_scales(probe: ProbeFile) -> ProbeFile:
    """Return a file of the operator alone whose integers stand for no numbers: any answer counts.

    A runtime that does not refuse it may end its process.
    """
    from probe_files import save

    model = unpack(Path(probe.path).read_bytes())
    graph, code = model.subgraphs[0], getattr(schema.BuiltinOperator, probe.target)
    codes = [each.builtinCode for each in model.operatorCodes]
    operator = next(each for each in graph.operators if codes[each.opcodeIndex] == code)
    given = [int(i) for i in operator.inputs if i >= 0 and _is_computed(model, graph.tensors[i])]
    graph.operators, graph.inputs, graph.outputs = [operator], given, list(operator.outputs)
    model.signatureDefs = None
    for index in (*given, *operator.outputs):
        graph.tensors[index].quantization = None
    ports = [tuple(map(int, graph.tensors[index].shape)) for index in (*given, *operator.outputs)]
    stem, random = Path(probe.path), np.random.default_rng(0)
    arrays = [random.integers(-100, 100, shape, np.int8) for shape in ports]
    inputs, expected = stem.with_suffix(".bare.in.npz"), stem.with_suffix(".bare.out.npz")
    for path, some in ((inputs, arrays[: len(given)]), (expected, arrays[len(given) :])):
        save(path, some)
    return replace(
        _written(probe, "unscaled", model),
        inputs=str(inputs),
        expected=str(expected),
        output_types=[(shape, "int8") for shape in ports[len(given) :]],
        tolerance=math.inf,
    )


def _is_computed(model: schema.ModelT, tensor: schema.TensorT) -> bool:
    return model.buffers[tensor.buffer].data is None


def _handing_through(probe: ProbeFile) -> ProbeFile:
    """Return a file that gives its first input back as its last output."""
    from probe_files import save

    model = unpack(Path(probe.path).read_bytes())
    graph = model.subgraphs[0]
    graph.outputs = [*map(int, graph.outputs), int(graph.inputs[0])]
    model.signatureDefs = None
    expected = Path(probe.expected).with_suffix(".through.npz")
    with np.load(probe.expected) as answers, np.load(probe.inputs) as given:
        arrays = [*(answers[str(k)] for k in range(len(answers.files))), given["0"]]
    save(expected, arrays)
    return replace(
        _written(probe, "through", model),
        target="MODEL",
        expected=str(expected),
        output_types=[*probe.output_types, (arrays[-1].shape, str(arrays[-1].dtype))],
    )
