"""Prove a file: run it and compare with golden vectors, on one runtime or on all that are here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.core.errors import BadInput, NotFound, Unavailable, WorkerFailed
from edgekit.core.types import Batch
from edgekit.core.variant import PRECISIONS
from edgekit.running.agreement import agreement_of, arithmetic
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.running.place import Place, places, refuse_unrunnable, target
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.tflite.reader import read

REFERENCE_PLACE = Place(runtime="tflite-runtime-reference")
"""The plain kernels a file without golden vectors is compared with."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What running one file on one place showed.

    Attributes:
        against: What the answers were compared with.
        status: "measured" or "not run".
        ok: Whether the answers are within the precision's limits; None if not run.
        reason: Which limit was broken, or why it was not run.
    """

    file: str
    precision: str
    runtime: str
    device: str
    against: str
    status: str
    ok: bool | None = None
    max_abs_error: float | None = None
    mean_abs_error: float | None = None
    cosine: float | None = None
    adapter: str = ""
    reason: str = ""


def verify(
    path: Path, *, runtime: str = "", device: str = "local", vectors: Path | None = None
) -> list[Proof]:
    """Run a file, or every artifact of a run folder, and compare with the reference.

    Args:
        path: A `.tflite` file or the folder of a build.
        runtime: Name of a runtime; every CPU and GPU runtime present here if empty.
        device: Where the runtime runs.
        vectors: Golden vectors; by default those a build or `edgekit convert` left beside the
            file. Without any, answers to random input are compared with the plain reference
            kernels of the same file: that finds wrong kernels and delegates, not a wrong
            conversion.

    Raises:
        NotFound: There is no such file or folder.
        BadModelFile: A file is not a `.tflite` model.
        Unavailable: The runtime asked for is not there.
    """
    files = _files(path)
    for file in files:
        refuse_unrunnable(file, runtime)
    chosen = _places(runtime, device)
    return [
        prove(file, place, vectors=vectors or find_vectors(file))
        for file in files
        for place in chosen
    ]


def prove(
    file: Path, place: Place, *, vectors: Path | None, precision: str = "", against: str = ""
) -> Proof:
    """Run one file on one place and compare; a runtime that fails is a verdict, not an error."""
    precision = precision or precision_of(file)
    fields: dict[str, Any] = {
        "file": str(file),
        "precision": precision,
        "runtime": place.runtime,
        "device": place.device,
        "against": against or ("golden vectors" if vectors else "reference kernels"),
    }
    if reason := place.missing():
        return Proof(**fields, status="not run", reason=reason)
    try:
        expected = read_vectors(vectors) if vectors else _by_reference_kernels(file)
        with open_session(file, runtime=place.runtime, device=place.device) as session:
            found = agreement_of(session, expected)
            adapter = session.info.get("adapter", "")
    except (WorkerFailed, Unavailable) as error:
        return Proof(**fields, status="not run", ok=False, reason=str(error))
    problem = found.problem(arithmetic(precision, adapter))
    return Proof(
        **fields,
        status="measured",
        ok=not problem,
        max_abs_error=found.max_abs_error,
        mean_abs_error=found.mean_abs_error,
        cosine=found.cosine,
        adapter=adapter,
        reason=problem,
    )


def precision_of(file: Path) -> str:
    """Return the precision of a file: from what is written beside it, else from its tensors."""
    for sidecar in (file.with_suffix(".json"), file.parent / "artifact.json"):
        if sidecar.is_file():
            try:
                found = json.loads(sidecar.read_text(encoding="utf-8")).get("precision")
            except (json.JSONDecodeError, AttributeError, UnicodeDecodeError):
                continue
            if found in PRECISIONS:
                return str(found)
    dtypes = [t.dtype for t in read(file).main.tensors if not t.is_constant and t.scales]
    if "int16" in dtypes:
        return "int16x8"
    if {"int8", "uint8"} & set(dtypes):
        return "int8"
    weights = {t.dtype for t in read(file).main.tensors if t.is_constant and len(t.shape) > 1}
    if {"int8", "uint8", "int4"} & weights:
        return "dynamic_int8"
    return "float16" if "float16" in weights else "float32"


def find_vectors(file: Path) -> Path | None:
    """Return the golden vectors that a build or a conversion left for a file, if any."""
    for path in (vectors_path(file), file.parent.parent / "vectors.npz"):
        if path.is_file() and (path != file.parent.parent / "vectors.npz" or _in_build(file)):
            return path
    return None


def vectors_path(file: Path) -> Path:
    """Return where `edgekit convert` leaves the golden vectors of a file."""
    return file.with_suffix(".vectors.npz")


def _in_build(file: Path) -> bool:
    """Only the plain precisions of a build share its reference: others have changed weights."""
    return (file.parent.parent / "plan.json").is_file() and "-" not in file.parent.name


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = [p for p in sorted(path.glob("*/model.tflite")) if p.parent.name in PRECISIONS]
        if not (path / "plan.json").is_file() or not found:
            raise BadInput(
                f"'{path}' is not the folder of a build; give one made by `edgekit build`, "
                "or a .tflite file."
            )
        return found
    if not path.exists():
        raise NotFound(f"There is no file or folder '{path}'; give a .tflite or a run folder.")
    return [path]


def _places(runtime: str, device: str) -> Sequence[Place]:
    if runtime:
        place = Place(runtime=runtime, device=device)
        if reason := place.missing():
            raise Unavailable(reason)
        return [place]
    if device != "local":
        return [Place(runtime="tflite-runtime", device=device)]
    return [place for name, place in places().items() if not target(name).converter]


def _by_reference_kernels(file: Path) -> tuple[Batch, Batch]:
    """Return random inputs and what the plain kernels answer to them."""
    if reason := REFERENCE_PLACE.missing():
        raise Unavailable(f"There are no golden vectors beside '{file.name}', and {reason}")
    inputs = random_batch(file, count=16)
    with open_session(file, runtime=REFERENCE_PLACE.runtime) as session:
        return inputs, session(inputs)
