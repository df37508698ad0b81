"""Coral Edge TPU files, compiled by Google's edgetpu_compiler from an int8 .tflite.

The compiler may not be redistributed, so it has to be on PATH; without it nothing is compiled and
nothing pretends to be. What it wrote is read back: it counts as compiled only if it holds an Edge
TPU operator with an executable inside.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import BadInput, ConversionFailed, EdgekitError, Unavailable
from edgekit.core.kinds import Artifact, Converter
from edgekit.core.paths import atomic, sha256
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.variant import Precision
from edgekit.edgetpu.compiler_log import CompilerLog, diagnose, parse, reasons
from edgekit.edgetpu.rules import COMPILED
from edgekit.tflite.reader import Port, ports, read
from edgekit.tflite.sidecar import describe, read_sidecar

EXECUTABLE_MARK = b"DWN1"
"""File identifier of the FlatBuffer that holds the Edge TPU's program.

Source: https://github.com/google-coral/libedgetpu/blob/master/executable/executable.fbs
"""

_MIN_RUNTIMES = range(10, 15)


def missing() -> str:
    """Return "" if `edgetpu_compiler` is on PATH, else how to get it."""
    if shutil.which("edgetpu_compiler"):
        return ""
    return (
        "There is no edgetpu_compiler on PATH; it runs on x86-64 Linux only. On Debian or Ubuntu, "
        "add Google's repository `deb https://packages.cloud.google.com/apt coral-edgetpu-stable "
        "main` (https://coral.ai/docs/edgetpu/compiler) and install the package edgetpu-compiler."
    )


def convert(
    source: Path,
    out: Path,
    *,
    precision: Precision = "int8",
    min_runtime: int = 13,
    timeout_s: float = 180,
) -> Artifact:
    """Compile an int8 `.tflite` for the Edge TPU.

    Args:
        source: Fully int8 or uint8, batch fixed at 1.
        out: The `.tflite` to write; it appears only if at least one operator was mapped.
        precision: Of `source`; the Edge TPU computes int8 only.
        min_runtime: The oldest Edge TPU runtime it must run on, 10 to 14. A file for an older one
            runs on newer ones too; some operators are mapped from 13 or 14 on only.
        timeout_s: Seconds after which the compiler is stopped.

    Raises:
        Unavailable: The compiler is not on PATH.
        BadInput: `source` is no `.tflite`, is compiled already, or `min_runtime` is out of range.
        ConversionFailed: The compiler refused the model or mapped nothing; says why.
    """
    if sentence := missing():
        raise Unavailable(sentence)
    if precision != "int8":
        raise BadInput(f"precision is '{precision}'; the Edge TPU takes int8 only.")
    if min_runtime not in _MIN_RUNTIMES:
        raise BadInput(f"min_runtime is {min_runtime}; allowed are 10 to 14.")
    if any(op.name == COMPILED for op in read(source).main.operators):
        raise BadInput(f"'{source}' is compiled for the Edge TPU already; give the int8 file.")
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.tflite"
        shutil.copyfile(source, model)
        text = _run(model, min_runtime, timeout_s)
        log = parse(text)
        compiled = model.with_name("model_edgetpu.tflite")
        _check(compiled, source.name, text, log)
        with atomic(out) as temporary:
            shutil.copyfile(compiled, temporary)
    return _artifact(source, out, log, min_runtime)


def _run(model: Path, min_runtime: int, timeout_s: float) -> str:
    """Run the compiler beside `model`; return what it printed, then its operation log."""
    command = ["edgetpu_compiler", "-s", "-m", str(min_runtime), "-o", str(model.parent)]
    command += ["--timeout_sec", str(max(1, round(timeout_s))), str(model)]
    done = processes.run(command, cwd=model.parent, timeout_s=timeout_s)
    if done.ending == processes.TIMEOUT:
        raise ConversionFailed(
            f"edgetpu_compiler was stopped after {timeout_s:g} s, usually because activations are "
            "too large; use a smaller input, or a larger timeout_s."
        )
    table = model.with_name("model_edgetpu.log")
    logged = table.read_text(errors="replace") if table.is_file() else ""
    return "\n".join((done.stdout, done.stderr, logged))


def _check(compiled: Path, name: str, text: str, log: CompilerLog) -> None:
    """Refuse an output that does not run on the Edge TPU, with the compiler's reason."""
    failure = f"edgetpu_compiler {log.version}".rstrip() + f" could not compile '{name}': "
    if not compiled.is_file():
        raise ConversionFailed(
            failure + (diagnose(text) or "it wrote nothing, and no reason") + "."
        )
    try:
        operators = read(compiled).main.operators
    except EdgekitError as error:
        raise ConversionFailed(f"{failure}what it wrote cannot be read ({error})") from error
    programs = [op for op in operators if op.name == COMPILED]
    if not programs:
        said = diagnose(text) or f"it mapped no operator: {reasons(log)}"
        raise ConversionFailed(f"{failure}{said}.")
    if not all(EXECUTABLE_MARK in op.custom_options for op in programs):
        raise ConversionFailed(
            f"{failure}an Edge TPU operator it wrote holds no program. Install the compiler again."
        )


def _artifact(source: Path, out: Path, log: CompilerLog, min_runtime: int) -> Artifact:
    made_by = {
        "edgetpu_compiler": log.version,
        "min_runtime": str(min_runtime),
        "source_sha256": sha256(source),
        "mapped_operators": str(log.mapped),
    }
    if log.left:
        made_by["note_cpu"] = f"On the CPU stay {reasons(log)}."
    if log.off_chip_bytes is not None:
        made_by["streamed_bytes"] = str(log.off_chip_bytes)
    return describe(out, precision="int8", signature=_signature(source), made_by=made_by)


def _signature(source: Path) -> Signature:
    """Return what is written of `source` beside it, with its labels; else what the file tells."""
    for sidecar in (source.with_suffix(".json"), source.with_name("artifact.json")):
        if sidecar.is_file() and (known := read_sidecar(sidecar)).sha256 == sha256(source):
            return known.signature
    inputs, outputs = ports(read(source))
    return Signature(inputs=tuple(map(_tensor, inputs)), outputs=tuple(map(_tensor, outputs)))


def _tensor(port: Port) -> Tensor:
    dtype = "float32" if port.scale else port.dtype  # sessions quantize what users pass
    return Tensor(name=port.name, shape=port.shape, dtype=dtype)


converter = Converter(precisions=("int8",), convert=convert, missing=missing)
