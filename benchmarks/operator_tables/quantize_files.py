"""Files with one QUANTIZE between integers; no converter writes it alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from probe_files import ProbeFile, save

from edgekit.tflite.editing import pack

_SHAPE = (1, 6, 6, 8)
_PAIRS = (
    ("uint8", "int8"),
    ("int8", "uint8"),
    ("int8", "int8"),
    ("uint8", "uint8"),
    ("int16", "int16"),
    ("int8", "int16"),
    ("int16", "int8"),
)
_SCALES = {"int8": (0.05, 0.06), "uint8": (0.05, 0.06), "int16": (0.0002, 0.0003)}
_ZERO_POINTS = {"int8": -10, "uint8": 118, "int16": 0}


def quantize_files(folder: Path) -> Iterator[ProbeFile]:
    """Write all files, with random inputs and the answers that arithmetic gives."""
    for source, target in _PAIRS:
        stem = folder / f"quantize-{source}-{target}"
        limits = np.iinfo(source)
        values = np.random.default_rng(0).integers(limits.min, limits.max + 1, _SHAPE)
        real = (values - _ZERO_POINTS[source]) * _SCALES[source][0]
        exact = np.round(real / _SCALES[target][1]) + _ZERO_POINTS[target]
        answer = np.clip(exact, np.iinfo(target).min, np.iinfo(target).max)
        save(stem.with_suffix(".in.npz"), [values.astype(source)])
        save(stem.with_suffix(".out.npz"), [answer.astype(target)])
        stem.with_suffix(".tflite").write_bytes(_file(source, target))
        types = source if source == target else f"{source}>{target}"
        yield ProbeFile(
            label=stem.name,
            target="QUANTIZE",
            path=str(stem.with_suffix(".tflite")),
            operators=[("QUANTIZE", types, len(_SHAPE), ())],
            inputs=str(stem.with_suffix(".in.npz")),
            expected=str(stem.with_suffix(".out.npz")),
            output_types=[(_SHAPE, target)],
            tolerance=0.01,
        )


def _file(source: str, target: str) -> bytearray:
    version = 2 if target == "int16" else 1
    code = schema.BuiltinOperator.QUANTIZE
    tensors = [_tensor("in", source, 0), _tensor("out", target, 1)]
    operator = schema.OperatorT(opcodeIndex=0, inputs=[0], outputs=[1])
    graph = schema.SubGraphT(tensors=tensors, inputs=[0], outputs=[1], operators=[operator])
    model = schema.ModelT(
        version=3,
        operatorCodes=[schema.OperatorCodeT(code, None, version, code)],
        subgraphs=[graph],
        buffers=[schema.BufferT()],
        signatureDefs=[
            schema.SignatureDefT([schema.TensorMapT("in", 0)], [schema.TensorMapT("out", 1)], "run")
        ],
    )
    return pack(model)


def _tensor(name: str, dtype: str, end: int) -> schema.TensorT:
    quantization = schema.QuantizationParametersT(
        scale=[_SCALES[dtype][end]], zeroPoint=[_ZERO_POINTS[dtype]]
    )
    number = getattr(schema.TensorType, dtype.upper())
    return schema.TensorT(
        shape=list(_SHAPE), type=number, buffer=0, name=name, quantization=quantization
    )
