"""Convert the operator cases into small `.tflite` files with inputs and TensorFlow's answers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from operator_cases import cases
from probe_case import Case
from special_edits import edited_files

from edgekit.core import processes
from edgekit.core.types import Array
from edgekit.operators.measured import WHOLE_FILE, rank_of, type_key
from edgekit.operators.traits import file_traits, traits_of
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import read

_TOLERANCE = {
    "float32": 0.02,
    "float16": 0.02,
    "sparse": 0.02,
    "int16x8": 0.05,
    "dynamic": 0.1,
    "int8": 0.12,
    "uint8": 0.12,
}
"""Largest error accepted, as a part of the answer's range: coarse, it tells right from wrong."""


_INT4 = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""Operators that quantizers write with 4-bit weights."""


Row = tuple[str, str, int, tuple[str, ...]]
SPECIAL = "--special"


@dataclass(frozen=True)
class ProbeFile:
    """A file to run.

    Attributes:
        label: For people.
        target: The operator it was made for.
        operators: Name, type key, rank and traits of every operator in it.
        inputs: `.npz` of arrays by position.
        expected: `.npz` of TensorFlow's answers by position.
        output_types: Shape and type of each output.
    """

    label: str
    target: str
    path: str
    operators: list[Row]
    inputs: str
    expected: str
    output_types: list[tuple[tuple[int, ...], str]]
    tolerance: float


def probe_files(
    folder: Path, only: Collection[str] = (), *, special: bool = False
) -> Iterator[ProbeFile]:
    """Write all files into `folder`; cases TensorFlow or its converter refuses are left out.

    The calibrator can end its process by SIGSEGV, so cases are converted in a child process, which
    is started again after the case that killed it.

    Args:
        folder: Where to; files that are there already are not written again.
        only: The operators to write files for; all there are if empty.
        special: Whether to write those of what is special about an operator, or the others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    progress = folder / "next"
    if not progress.exists():  # else go on where an earlier run was ended
        progress.write_text("0")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    while True:
        start = progress.read_text()
        command = [sys.executable, __file__, str(folder), *[SPECIAL] * special, *only]
        done = processes.run(command, env=environment)
        for line in done.stderr.splitlines():
            if line.startswith("left out: "):
                print(line, file=sys.stderr)
        if done.ok:
            break
        print(f"{done.ending} at case {progress.read_text()}: {done.cause()}", file=sys.stderr)
        if progress.read_text() == start:
            raise SystemExit("The probe files cannot be made; see the line above.")
    for path in sorted(folder.glob("*.json")):
        probe = ProbeFile(**json.loads(path.read_text()))
        yield probe
        if special:
            yield from edited_files(probe)
        elif probe.target in _INT4 and probe.label.endswith(("-dynamic", "-int8")):
            yield _with_int4_weights(probe)


def _make_all(folder: Path, only: Collection[str]) -> None:
    """Convert all cases from the one whose number is in the file `next`."""
    progress = folder / "next"
    names = set(only) - {SPECIAL}
    every = cases(special=SPECIAL in only)
    chosen = (case for case in every if not names or case.operator in names)
    todo = [(case, way) for case in chosen for way in _ways(case)]
    for number in range(int(progress.read_text()), len(todo)):
        progress.write_text(str(number + 1))
        case, way = todo[number]
        stem = folder / f"{number:04}-{case.operator}-{case.dtype}-{way}"
        try:
            probe = _make(case, way, stem)
        except Exception as error:
            reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
            print(f"left out: {stem.name}: {reason}", file=sys.stderr)
            continue
        if any(name == case.operator for name, *_ in probe.operators):
            stem.with_suffix(".json").write_text(json.dumps(asdict(probe)))
        else:
            print(f"left out: {stem.name}: became something else", file=sys.stderr)


def _ways(case: Case) -> list[str]:
    ways = ["float32"]
    if case.quantize:
        ways += ["int8", "int16x8", "uint8"]
    if case.operator == "PADV2" and case.quantize:
        ways.remove("int16x8")  # the converter leaves the constant in float32: no runtime takes it
    if case.heavy:
        ways += ["dynamic", "float16"]
    if case.operator == "DENSIFY":
        ways = ["sparse"]
    return ways


def _make(case: Case, way: str, stem: Path) -> ProbeFile:
    function = tf.function(
        case.function, input_signature=[tf.TensorSpec(shape, case.dtype) for shape in case.shapes]
    ).get_concrete_function()
    samples = [_sample(case, seed) for seed in range(4)]
    answers = (case.answer or function)(*map(tf.constant, samples[0]))
    path = stem.with_suffix(".tflite")
    content = _convert(_converter(case, function, stem), way, samples)
    path.write_bytes(_renamed(content, case) if case.became else content)
    subgraph = read(path).main
    inputs = [
        a.astype(subgraph.tensors[i].dtype)
        for a, i in zip(samples[0], subgraph.inputs, strict=True)
    ]
    answers = list(answers) if isinstance(answers, tuple | list) else [answers]
    save(stem.with_suffix(".in.npz"), inputs)
    save(stem.with_suffix(".out.npz"), [np.asarray(answer) for answer in answers])
    outputs = [subgraph.tensors[i] for i in subgraph.outputs]
    return ProbeFile(
        label=stem.name,
        target=case.operator,
        path=str(path),
        operators=rows(path),
        inputs=str(stem.with_suffix(".in.npz")),
        expected=str(stem.with_suffix(".out.npz")),
        output_types=[(tensor.shape, tensor.dtype) for tensor in outputs],
        tolerance=_TOLERANCE[way],
    )


def rows(path: Path) -> list[Row]:
    """Return what a file holds, and what is special about it as a whole."""
    model = read(path)
    main = model.main
    whole = [
        (WHOLE_FILE, main.tensors[main.inputs[0]].dtype, 0, (trait,))
        for trait in file_traits(model)
    ]
    return whole + [
        (o.name, type_key(o, main), rank_of(o, main), traits_of(o, main)) for o in main.operators
    ]


def save(path: Path, arrays: Sequence[Array]) -> None:
    """Write arrays by position."""
    np.savez(path, **{str(i): array for i, array in enumerate(arrays)})  # type: ignore[arg-type]


def _sample(case: Case, seed: int) -> list[Array]:
    random = np.random.default_rng(seed)
    if case.dtype == "bool":
        return [random.random(shape) < 0.5 for shape in case.shapes]
    low = max(case.low, 0.0) if case.dtype == "uint8" else case.low
    arrays = [random.uniform(low, case.high, shape) for shape in case.shapes]
    if case.dtype != "float32":
        arrays = [np.round(array) for array in arrays]
    return [array.astype(case.dtype) for array in arrays]


def _converter(case: Case, function: object, stem: Path) -> tf.lite.TFLiteConverter:
    if case.operator != "UNIDIRECTIONAL_SEQUENCE_LSTM":
        return tf.lite.TFLiteConverter.from_concrete_functions([function], function)
    import tf_keras  # only its layers become one operator, and only through a SavedModel

    model = tf_keras.Sequential([tf_keras.Input(batch_shape=case.shapes[0]), case.function])
    folder = str(stem.with_suffix(".saved_model"))
    tf.saved_model.save(model, folder)
    return tf.lite.TFLiteConverter.from_saved_model(folder)


def _convert(converter: tf.lite.TFLiteConverter, way: str, samples: list[list[Array]]) -> bytes:
    if way == "sparse":
        converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    elif way != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if way in ("int8", "int16x8", "uint8"):
        converter.representative_dataset = lambda: iter(samples)
    if way == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if way == "int16x8":
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    elif way in ("int8", "uint8"):
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter._experimental_disable_per_channel = way == "uint8"
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    content = bytes(converter.convert())
    return _as_uint8(content) if way == "uint8" else content


def _as_uint8(content: bytes) -> bytes:
    """Return an int8 file as older converters wrote it: the same values, shifted by 128."""
    model = unpack(content)
    shifted = set()
    for tensor in model.subgraphs[0].tensors:
        if tensor.type != schema.TensorType.INT8:
            continue
        tensor.type = schema.TensorType.UINT8
        tensor.quantization.zeroPoint = [int(z) + 128 for z in tensor.quantization.zeroPoint]
        buffer = model.buffers[tensor.buffer]
        if buffer.data is not None and tensor.buffer not in shifted:
            shifted.add(tensor.buffer)
            buffer.data = np.asarray(buffer.data, np.uint8) ^ 0x80
    for code in model.operatorCodes:
        is_broadcast = code.builtinCode == schema.BuiltinOperator.BROADCAST_TO
        code.version = 2 if is_broadcast else 1  # its version 1 was withdrawn
    return bytes(pack(model))


def _with_int4_weights(probe: ProbeFile) -> ProbeFile:
    """Return the probe with its int8 weights rounded to 4 bits, two a byte."""
    model = unpack(Path(probe.path).read_bytes())
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        if tensor.type == schema.TensorType.INT8 and data is not None and len(tensor.shape) > 1:
            coarse = np.round(np.asarray(data, np.uint8).view(np.int8) * (7 / 127)).astype(np.int8)
            low, high = coarse.view(np.uint8)[::2], coarse.view(np.uint8)[1::2]
            model.buffers[tensor.buffer].data = (low & 15) | (high << 4)
            tensor.type = schema.TensorType.INT4
            tensor.quantization.scale = [s * (127 / 7) for s in tensor.quantization.scale]
    path = Path(probe.path).with_suffix(".int4.tflite")
    path.write_bytes(pack(model))
    return replace(
        probe,
        label=f"{probe.label}-int4",
        path=str(path),
        operators=rows(path),
        tolerance=0.35,
    )


def _renamed(content: bytes, case: Case) -> bytes:
    """Return the file with `case.became` replaced by the operator that older converters wrote."""
    model = unpack(content)
    old = getattr(schema.BuiltinOperator, case.became)
    new = getattr(schema.BuiltinOperator, case.operator)
    subgraph = model.subgraphs[0]
    for operator in subgraph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == old:
            operator.builtinOptionsType, operator.builtinOptions = 0, None
            operator.inputs = operator.inputs[:1]
            if case.operator == "EXPAND_DIMS":
                axis = schema.TensorT(shape=[1], type=schema.TensorType.INT32, name="axis")
                axis.buffer = len(model.buffers)
                model.buffers.append(schema.BufferT(data=np.array([1], np.int32).view(np.uint8)))
                operator.inputs = [int(operator.inputs[0]), len(subgraph.tensors)]
                subgraph.tensors.append(axis)
    for code in model.operatorCodes:
        if code.builtinCode == old:
            code.builtinCode, code.deprecatedBuiltinCode, code.version = new, min(new, 127), 1
    return bytes(pack(model))


if __name__ == "__main__":
    _make_all(Path(sys.argv[1]), sys.argv[2:])
