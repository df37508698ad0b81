"""Ask an interpreter's resolver which versions of which operators it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from ai_edge_litert import schema_py_generated as schema
from runtime_process import Worker

from edgekit.tflite.editing import pack

NEWEST_VERSION = 16
_CUSTOM = (
    "AudioSpectrogram",
    "Convolution2DTransposeBias",
    "FlexErf",
    "MaxPoolingWithArgmax2D",
    "MaxUnpooling2D",
    "Mfcc",
    "NumericVerify",
    "TFLite_Detection_PostProcess",
    "edgetpu-custom-op",
)
_NO_OPERATORS = ("CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES")
_NOT_FOUND = (
    "Didn't find op",
    "builtin_code out of range",
    "Failed to get registration from op code",
    "unresolved custom op",
    "Select TensorFlow",
)


def resolver_versions(
    worker: Worker,
    folder: Path,
    only: Collection[str] = (),
    versions: Sequence[int] = range(1, NEWEST_VERSION + 1),
) -> dict[str, list[int]]:
    """Return operator -> versions the interpreter's resolver has, custom ones included.

    Args:
        worker: The interpreter.
        folder: For the files it is asked about.
        only: The operators to ask for; all there are if empty.
        versions: Those to ask for.
    """
    found: dict[str, list[int]] = defaultdict(list)
    path = folder / "one.tflite"
    codes = {k: v for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    asked = [(k, v, "") for k, v in codes.items() if k not in _NO_OPERATORS]
    asked += [(f"CUSTOM:{name}", codes["CUSTOM"], name) for name in _CUSTOM]
    for name, code, custom in asked:
        if only and name not in only:
            continue
        for version in (1,) if custom else versions:
            path.write_bytes(one_operator_file(code, version, custom))
            ok, error, log = worker.ask(how="prepare" if custom else "load", file=str(path))
            # Any other error comes later than the look-up: the version is there.
            if ok or not any(words in error + log for words in _NOT_FOUND):
                found[name].append(version)
    return dict(found)


def one_operator_file(code: int, version: int, custom: str = "") -> bytearray:
    """Return a file that holds one operator without options."""
    operator_code = schema.OperatorCodeT(min(code, 127), custom or None, version, code)
    tensors = [schema.TensorT([1], 0, 0, name) for name in ("in", "out")]
    subgraph = schema.SubGraphT(tensors, [0], [1], [schema.OperatorT(0, [0], [1])], "main")
    return pack(schema.ModelT(3, [operator_code], [subgraph], "probe", [schema.BufferT()]))
