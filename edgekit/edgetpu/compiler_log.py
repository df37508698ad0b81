"""Read what `edgetpu_compiler` prints and logs, and say what went wrong in one sentence.

Its exit status proves nothing: a run that maps no operator ends with "compiled successfully". The
texts below are from published logs and issues of compilers 1.0 to 16.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edgekit.edgetpu.rules import version_ceiling

MAPPED = "Mapped to Edge TPU"

STATUSES: Mapping[str, str] = {
    MAPPED: "",
    "More than one subgraph is not supported": (
        "it comes after an operator that stays on the CPU: replace that one"
    ),
    "Operation is working on an unsupported data type": (
        "convert with full int8 quantization, activations included"
    ),
    "Operation is otherwise supported, but not mapped due to some unspecified limitation": (
        "often its tensors are too large: use a smaller input or fewer channels"
    ),
    "Operation not supported": "replace it, or move it to the very end of the model",
    "Operation version not supported": (
        "convert without the option that needs the newer operator version"
    ),
    "Tensor has unsupported rank (up to 3 innermost dimensions mapped)": (
        "keep the batch at 1 and at most 3 axes longer than 1"
    ),
    "Only Strided-Slice with unitary strides supported": "slice without a step",
    "Image-interpolation layer won't run precisely enough on Edge TPU": (
        "enlarge by a transposed convolution or in steps of 2"
    ),
}
"""Third column of the operation table -> what the user can do about it."""


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """A line of the operation table: how many operators of one kind have one status."""

    name: str
    count: int
    status: str


@dataclass(frozen=True, kw_only=True)
class CompilerLog:
    """What the compiler's output and operation log say; None where they say nothing.

    Attributes:
        version: Such as `16.0.384591198`; "" if not found.
        rows: The operation table. On the terminal it may lack the operators that are mapped.
        subgraphs: Edge TPU operators in the output.
        on_chip_bytes: Parameters cached on the chip.
        off_chip_bytes: Parameters streamed to the chip at every inference.
    """

    version: str = ""
    rows: tuple[LogRow, ...] = ()
    subgraphs: int | None = None
    total: int | None = None
    on_tpu: int | None = None
    on_cpu: int | None = None
    on_chip_bytes: int | None = None
    on_chip_left_bytes: int | None = None
    off_chip_bytes: int | None = None

    @property
    def mapped(self) -> int:
        """How many operators are mapped."""
        if self.on_tpu is not None:
            return self.on_tpu
        if self.subgraphs and self.total is not None:  # the compiler counts only when some are not
            return self.total
        return sum(row.count for row in self.rows if row.status == MAPPED)

    @property
    def left(self) -> tuple[LogRow, ...]:
        """The rows of operators that stay on the CPU."""
        return tuple(row for row in self.rows if row.status != MAPPED)


def parse(text: str) -> CompilerLog:
    """Read the compiler's terminal output, its operation log, or both joined.

    Text that holds nothing known gives an empty log, never an error.
    """
    return CompilerLog(
        version=_first(r"^Edge TPU Compiler version ([0-9.]{1,40})", text) or "",
        rows=tuple(_rows(text)),
        subgraphs=_count(r"^Number of Edge TPU subgraphs: ", text),
        total=_count(r"^Total number of operations: ", text),
        on_tpu=_count(r"^Number of operations that will run on Edge TPU: ", text),
        on_cpu=_count(r"^Number of operations that will run on CPU: ", text),
        on_chip_bytes=_bytes("On-chip memory used for caching model parameters", text),
        on_chip_left_bytes=_bytes("On-chip memory remaining for caching model parameters", text),
        off_chip_bytes=_bytes("Off-chip memory used for streaming uncached model parameters", text),
    )


def reasons(log: CompilerLog) -> str:
    """Return why operators stay on the CPU, as the end of a sentence, with remedies."""
    by_status: dict[str, list[str]] = {}
    for row in log.left:
        by_status.setdefault(row.status, []).append(f"{row.count} {row.name}")
    parts = []
    for status, operators in by_status.items():
        remedy = STATUSES.get(status, "")
        parts.append(f"{', '.join(operators)}: {status}" + (f" ({remedy})" if remedy else ""))
    return "; ".join(parts) or "it gave no reason"


def diagnose(text: str) -> str:
    """Return what failed and what to do, in one sentence; "" if the text tells of no failure."""
    for pattern, sentence in _FAILURES:
        if match := re.search(pattern, text):
            return sentence(match)
    return ""


def _rows(text: str) -> Iterable[LogRow]:
    seen = set()
    for match in re.finditer(_ROW, text, re.MULTILINE):
        row = LogRow(name=match[1], count=int(match[2]), status=match[3].strip())
        if row not in seen:  # terminal and log file repeat each other
            seen.add(row)
            yield row


def _first(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else None


def _count(label: str, text: str) -> int | None:
    digits = _first(rf"{label}([0-9]{{1,9}})\s*$", text)
    return None if digits is None else int(digits)


def _bytes(label: str, text: str) -> int | None:
    size = re.search(rf"^{label}: ([0-9]{{1,9}}(?:\.[0-9]{{1,6}})?)(B|KiB|MiB|GiB)\b", text, re.M)
    return None if size is None else round(float(size[1]) * _UNITS[size[2]])


def _too_new(match: re.Match[str]) -> str:
    name, version = match[1], match[2]
    ceiling = version_ceiling(name)
    known = f"; it knows up to version {ceiling}" if ceiling else ""
    return (
        f"it does not know {name} version {version}{known}. Convert without the option or layer "
        "that needs the newer version; `edgekit check --target edgetpu` says which"
    )


def _says(sentence: str) -> Callable[[re.Match[str]], str]:
    return lambda _match: sentence


_UNITS: Mapping[str, int] = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

_ROW = r"^([A-Z][A-Z0-9_]{1,60})[ \t]+([0-9]{1,9})[ \t]+([A-Z][^\r\n]{3,200}?)[ \t]*\r?$"

_FAILURES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"Didn't find op for builtin opcode '(\w{1,60})' version '([0-9]{1,9})'", _too_new),
    (
        r"unresolved custom op: ([^\s.]{1,80})",
        lambda match: (
            f"it does not know the custom operator '{match[1]}'. Convert with built-in operators "
            "only"
        ),
    ),
    (
        "only supports static-sized tensors",
        _says("a tensor has no fixed size. Fix the batch at 1 and all sizes before converting"),
    ),
    (
        "Model not quantized",
        _says(
            "the model is not quantized to 8 bits. Convert it to int8, with calibration data and "
            "the batch fixed at 1"
        ),
    ),
    (
        "large activation tensors",
        _says("its activations are too large. Use a smaller input or fewer channels"),
    ),
    (
        "Compilation timeout",
        _says(
            "it ran out of time, usually because activations are too large. Use a smaller input, "
            "or a larger timeout_s"
        ),
    ),
    (
        "Model failed in Tflite interpreter",
        _says(
            "the interpreter inside it, of 2021, cannot run the model. See what "
            "`edgekit check --target edgetpu` says of it"
        ),
    ),
    (
        "Internal compiler error",
        _says(
            "it met an internal error, which is not always repeated. Try again, then with a "
            "smaller input or with fewer operators"
        ),
    ),
    (
        "Model could not be parsed",
        _says(
            "it cannot read the file, as with operators newer than 2021. See what "
            "`edgekit check --target edgetpu` says of it"
        ),
    ),
    (
        r"terminating with uncaught exception of type ([\w:]{0,80}\w)",
        lambda match: (
            f"it crashed ({match[1]}). Take layers away from the end until it compiles, to find "
            "the one it cannot take"
        ),
    ),
    (
        "Compilation failed|Aborting!|Invalid model",
        _says(
            "it gave no reason. Take layers away from the end until it compiles, to find the one "
            "it cannot take"
        ),
    ),
)
"""Pattern -> sentence, the most specific first: several can match one output."""
