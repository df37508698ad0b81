"""Folder an app or a board takes: verified models, signature, labels, golden vectors.

`signature.json` says everything a program needs to use the models beside it; nothing of edgekit,
Python or NumPy is needed to read the folder. `sha256sum -c SHA256SUMS` checks it. A recipe that
needs a tokenizer, features or a loop brings them as Python programs for NumPy and a runtime alone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.building.parts import MODEL, Files, with_whole
from edgekit.building.run_folder import SUMS, programs_path, vectors_path
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.kinds import Artifact, Packager
from edgekit.core.paths import atomic, sha256, write_json
from edgekit.core.recipe import Tensor
from edgekit.core.report import Report, Row
from edgekit.core.types import Array, Batch
from edgekit.reporting import report_json
from edgekit.running.golden_vectors import read_vectors
from edgekit.tflite.reader import Port, ports, read
from edgekit.tflite.sidecar import read_sidecar

NUM_GOLDEN = 8
"""Examples kept as golden vectors: enough to tell a wrong model, small enough for an app."""

_SIGNATURE = "signature.json"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,=+-]*")


def package(run_dir: Path, out: Path) -> Path:
    """Make the bundle of a build: every variant that was measured and found right somewhere.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`.
        out: The folder to make; an earlier bundle there is replaced, anything else is left alone.

    Returns:
        `out`.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant is verified, or `out` holds something else than a bundle.
        BadData: A file is not the one that was measured.
    """
    report = report_json.load_report(run_dir)
    verified = _verified(report, run_dir)
    artifacts = {variant: _artifacts(run_dir, variant) for variant in verified}
    parts = with_whole(next(iter(artifacts.values())))
    vectors = {part: read_vectors(vectors_path(run_dir, part)) for part in parts}
    if out.exists() and not (out / SUMS).is_file():
        raise BadInput(f"'{out}' is there and no bundle; name a new folder, or the old bundle.")
    with atomic(out) as folder:
        folder.mkdir()
        if programs_path(run_dir).is_dir():
            shutil.copytree(programs_path(run_dir), folder, dirs_exist_ok=True)
        models = [
            _add_model(folder, artifact, (variant, part), rows)
            for variant, rows in verified.items()
            for part, artifact in artifacts[variant].items()
        ]
        golden = {part: _add_golden(folder, part, found) for part, found in vectors.items()}
        _add_signature(folder, report, _labels(artifacts), models=models, golden=golden)
        shutil.copyfile(run_dir / report_json.FILE_NAME, folder / report_json.FILE_NAME)
        _add_sums(folder)
    return out


def _verified(report: Report, run_dir: Path) -> dict[str, list[Row]]:
    """Return the variants that are right on at least one place, each with its measured rows."""
    found: dict[str, list[Row]] = {}
    for row in report.rows:
        if row.status == "measured":
            found.setdefault(row.variant, []).append(row)
    good = {variant: rows for variant, rows in found.items() if any(row.ok for row in rows)}
    if not good:
        raise BadInput(
            f"No variant in '{run_dir}' was measured and found within its limits, and a bundle "
            f"holds no other; `edgekit report {run_dir}` says why."
        )
    return good


def _artifacts(run_dir: Path, variant: str) -> Files:
    """Return a variant's files after checking that they are those that were described."""
    if not _NAME.fullmatch(variant):
        raise BadData(f"Variant {variant!r} is not a name: letters, digits, '_', '-' and '.' are.")
    sidecars = sorted((run_dir / variant).glob("*.json"))
    found = [_artifact(path) for path in sidecars or [run_dir / variant / "artifact.json"]]
    return {artifact.path.stem: artifact for artifact in found}


def _artifact(sidecar: Path) -> Artifact:
    artifact = read_sidecar(sidecar)
    if not artifact.path.is_file():
        raise NotFound(f"There is no '{artifact.path}'; the same `edgekit build` makes it again.")
    if sha256(artifact.path) != artifact.sha256:
        raise BadData(
            f"'{artifact.path}' is not the file that {sidecar.name} beside it describes (SHA-256); "
            "build it again."
        )
    return artifact


def _add_model(
    folder: Path, artifact: Artifact, called: tuple[str, str], rows: Sequence[Row]
) -> dict[str, Any]:
    """Copy a model and return what `signature.json` says of it."""
    variant, part = called
    name = f"{variant}.tflite" if part == MODEL else f"{variant}-{part}.tflite"
    shutil.copyfile(artifact.path, folder / name)
    inputs, outputs = ports(read(artifact.path))
    signature = artifact.signature
    return {
        "variant": variant,
        "part": part,
        "precision": artifact.precision,
        "file": name,
        "size_bytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "inputs": [_port(port, signature.inputs) for port in inputs],
        "outputs": [_port(port, signature.outputs) for port in outputs],
        "verified_on": [_place(row) for row in rows if row.ok],
        "out_of_limits_on": [_place(row) for row in rows if row.ok is False],
    }


def _port(port: Port, tensors: Sequence[Tensor]) -> dict[str, Any]:
    """Describe an input or output; real value = scale * (number - zero_point) if quantized."""
    meaning = {tensor.name: tensor.meaning for tensor in tensors}
    quantization = {"scale": port.scale, "zero_point": port.zero_point} if port.scale else None
    return {
        "name": port.name,
        "index": port.index,
        "shape": list(port.shape),
        "dtype": port.dtype,
        "meaning": meaning.get(port.name, tensors[0].meaning if len(tensors) == 1 else ""),
        "quantization": quantization,
    }


def _place(row: Row) -> dict[str, Any]:
    names = ("runtime", "device", "value", "drop", "max_abs_error")
    return {name: getattr(row, name) for name in names}


def _add_golden(folder: Path, part: str, vectors: tuple[Batch, Batch]) -> dict[str, Any]:
    """Write the first golden vectors as `.npz` and as raw numbers; return where they are."""
    where = "golden" if part == MODEL else f"golden/{part}"
    golden = folder / where
    golden.mkdir(parents=True)
    tensors, arrays = [], {}
    for role, batch in zip(("input", "output"), vectors, strict=True):
        for index, (name, array) in enumerate(batch.items()):
            few = _little_endian(name, array[:NUM_GOLDEN])
            file = f"{where}/{role}_{index}.bin"
            (folder / file).write_bytes(few.tobytes())
            arrays[f"{role}:{name}"] = few
            facts = {"role": role, "name": name, "file": file}
            tensors.append({**facts, "dtype": few.dtype.name, "shape": list(few.shape)})
    np.savez_compressed(golden / "vectors.npz", **arrays)  # type: ignore[arg-type]
    return {"npz": f"{where}/vectors.npz", "byte_order": "little", "tensors": tensors}


def _little_endian(name: str, array: Array) -> Array:
    if array.dtype.kind not in "biuf":
        raise BadData(f"Golden vector '{name}' is {array.dtype}; a bundle holds numbers only.")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _add_signature(
    folder: Path,
    report: Report,
    labels: Sequence[str],
    *,
    models: Sequence[Mapping[str, Any]],
    golden: Mapping[str, Any],
) -> None:
    if any(label.splitlines() != [label] for label in labels):
        raise BadData("A label is empty or has a line break, but labels.txt holds one a line.")
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    of_parts = {part: found for part, found in golden.items() if part != MODEL}
    facts = {
        "recipe": report.recipe,
        "labels": list(labels),
        "models": models,
        "golden": {**golden[MODEL], "parts": of_parts},
    }
    write_json(folder / _SIGNATURE, facts)


def _labels(artifacts: Mapping[str, Files]) -> Sequence[str]:
    found = (a.signature.labels for files in artifacts.values() for a in files.values())
    return next((labels for labels in found if labels), ())


def _add_sums(folder: Path) -> None:
    """List every file as `sha256sum -c` reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


packager = Packager(takes=lambda report: any(row.ok for row in report.rows), package=package)
