"""Make a `.tflite` smaller without changing a bit of its answers, and prove that before."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.errors import (
    BadInput,
    BadModelFile,
    ModelRefused,
    Unavailable,
    WorkerFailed,
    reason,
)
from edgekit.core.paths import atomic, require_writable
from edgekit.core.types import AnyPath, Array, Progress, silent
from edgekit.operators.versions import raise_versions
from edgekit.running.place import Place, places
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.tflite.bounds import has_unknown_fields
from edgekit.tflite.editing import unpack
from edgekit.tflite.reader import read
from edgekit.tflite.sidecar import compressed_bytes
from edgekit.tflite.slimming import alignment_of, pack
from edgekit.tflite.slimming import slim as leave_out

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

_MOST_PACKED = 64 << 20
"""Bytes that may be packed behind a model; an archive can claim any size."""

EXAMPLES = 8
"""Random examples on which the answers of both files must be the same bytes."""


@dataclass(frozen=True, kw_only=True)
class Slimming:
    """What became of a file.

    Attributes:
        file: The file given.
        out: The smaller one; None if the file was left alone.
        size_bytes: Of the file given.
        slim_bytes: Of the smaller one; the same if it was left alone.
        compressed_bytes: Of the file given after DEFLATE, as in an APK.
        slim_compressed_bytes: The same of the smaller one.
        same_answers: Runtimes on which both answered with the same bytes.
        not_run: Runtime -> why it ran neither.
        why_not: Why the file was left alone; "" if it was not.
        versions: Operator -> version claimed and version needed, where it was raised.
    """

    file: str
    out: str | None
    size_bytes: int
    slim_bytes: int
    compressed_bytes: int
    slim_compressed_bytes: int
    same_answers: tuple[str, ...] = ()
    not_run: Mapping[str, str]
    why_not: str = ""
    versions: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def slim(
    file: AnyPath, out: AnyPath, *, fix_versions: bool = False, progress: Progress = silent
) -> Slimming:
    """Write the file with equal data stored once and without what no interpreter reads.

    Operators, weights, scales, inputs, outputs and signatures stay; inner tensors keep the first
    part of their names. `out` appears only after both files gave the same bytes on random input on
    every CPU runtime here. A file that would not get smaller is left alone.

    Args:
        file: Any `.tflite`.
        out: The `.tflite` to write; may be `file` itself.
        fix_versions: Also raise the versions of operators that claim a lower one than they need,
            as some quantizers leave them, however large the file gets. A runtime that then refuses
            it, because it would have answered nonsense, is no reason to leave the file alone.
        progress: Told how far it is.

    Raises:
        NotFound: There is no such file.
        BadModelFile: It is no `.tflite`, or damaged.
        BadInput: `out` is no name of a `.tflite`, or takes text.
        Unavailable: No runtime here runs the file, so nothing can be compared.
        WorkerFailed: The smaller file does not run where the other does.
    """
    file, out = Path(file), Path(out)
    if out.suffix != ".tflite" or out.is_dir():
        raise BadInput(f"The output is '{out}'; give the name of a file that ends in .tflite.")
    read(file)
    require_writable(out)
    content = file.read_bytes()
    model = unpack(content)
    is_packed = zipfile.is_zipfile(file)
    before = Slimming(
        file=str(file),
        out=None,
        size_bytes=len(content),
        slim_bytes=len(content),
        compressed_bytes=(compressed := compressed_bytes(file)),
        slim_compressed_bytes=compressed,
        not_run={},
    )
    if is_packed and _unpacked_bytes(file) > _MOST_PACKED:
        why_not = "the files packed behind its model (metadata) are too large"
        return replace(before, why_not=why_not)
    if why_not := _would_lose(model, content):
        return replace(before, why_not=why_not)
    alignment = alignment_of(content)
    raised = raise_versions(model, read(file)) if fix_versions else {}
    leave_out(model)
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch) / "slim.tflite"
        draft.write_bytes(pack(model, alignment))
        if is_packed:
            _pack_behind(draft, file)
        size = draft.stat().st_size
        if size >= before.size_bytes and not raised:
            return replace(before, why_not="nothing in it is stored twice or unread")
        slim_compressed = compressed_bytes(draft)
        if slim_compressed > compressed and not raised:
            return replace(before, why_not="compressed, as in an app, it would be larger")
        same, not_run, differing = _compared(file, draft, progress, may_refuse=bool(raised))
        if differing:
            why_not = f"made smaller, it would answer differently on {differing}"
            return replace(before, why_not=why_not)
        with atomic(out) as path:
            path.write_bytes(draft.read_bytes())
    return replace(
        before,
        out=str(out),
        slim_bytes=size,
        slim_compressed_bytes=slim_compressed,
        same_answers=same,
        not_run=not_run,
        versions=raised,
    )


def _would_lose(model: ModelT, content: bytes) -> str:
    """Return what of a file cannot be written again; "" if all of it can."""
    if has_unknown_fields(content):
        return "it has fields of a newer schema, which would be lost"
    outside = any(buffer.offset > 1 for buffer in model.buffers)
    operators = [op for graph in model.subgraphs for op in graph.operators or []]
    if outside or any(op.largeCustomOptionsOffset > 1 for op in operators):
        return "its weights lie behind its model, as in files over 2 GiB"
    return ""


def _unpacked_bytes(file: Path) -> int:
    with zipfile.ZipFile(file) as packed:
        return sum(entry.file_size for entry in packed.infolist())


def _pack_behind(draft: Path, file: Path) -> None:
    """Put what is packed behind one model, such as labels, behind another.

    Source: https://ai.google.dev/edge/litert/models/metadata, "associated files".

    Raises:
        BadModelFile: The archive is damaged.
    """
    try:
        with zipfile.ZipFile(file) as packed, zipfile.ZipFile(draft, "a") as target:
            for entry in packed.infolist():
                target.writestr(entry, packed.read(entry))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadModelFile(
            f"The files packed behind the model in '{file}' cannot be read: {reason(error)}. "
            "Write them again with the tool that added them."
        ) from error


def _compared(
    file: Path, draft: Path, progress: Progress, *, may_refuse: bool
) -> tuple[tuple[str, ...], dict[str, str], str]:
    """Return where both files answer the same, why others run neither, and where they differ.

    Kernels may add floats in another order where memory is laid out differently: one public file
    of 42 answered 1e-7 apart on tflite-runtime.
    """
    same: list[str] = []
    not_run: dict[str, str] = {}
    batch = random_batch(file, EXAMPLES)
    for name, place in places(("cpu", "litert")).items():
        progress(0.5, f"comparing on {name}")
        try:
            before = _answers(file, place, batch)
        except (Unavailable, WorkerFailed) as error:
            not_run[place.runtime] = str(error)
            continue
        try:
            after = _answers(draft, place, batch)
        except ModelRefused:
            if not may_refuse:
                raise
            not_run[place.runtime] = f"{place.runtime} lacks a version that was raised, and refuses"
            continue
        if any(before[key].tobytes() != after[key].tobytes() for key in before):
            return (), not_run, place.runtime
        same.append(place.runtime)
    if not same:
        raise Unavailable(
            f"No runtime here runs '{file}', so that its answers could be compared; nothing was "
            f"written. {' '.join(not_run.values())}"
        )
    return tuple(same), not_run, ""


def _answers(path: Path, place: Place, batch: Mapping[str, Array]) -> dict[str, Array]:
    with open_session(path, runtime=place.runtime, device=place.device) as run:
        return run(batch)
