"""What of a run folder goes into a bundle.

Every packager takes its models from here, so that no bundle holds a file that was not run and found
right, or that changed since.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.building.parts import MODEL, Files, with_whole
from edgekit.building.programs import (
    PACKAGE,
    PROGRAM_FILE,
    copy_package,
    is_ours,
    read_program,
)
from edgekit.building.run_folder import programs_path, vectors_path
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.kinds import Artifact
from edgekit.core.paths import sha256
from edgekit.core.recipe import Program
from edgekit.core.report import Report, Row
from edgekit.core.types import Batch
from edgekit.reporting import report_json
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.sidecar import read_sidecar

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,=+-]*")


@dataclass(frozen=True, kw_only=True)
class VerifiedVariant:
    """A variant that is within its limits somewhere.

    Attributes:
        rows: All that was measured of it, also where it broke a limit.
        files: Part name -> the file that was measured.
    """

    name: str
    rows: tuple[Row, ...]
    files: Files

    def file_name(self, part: str) -> str:
        """Return what a part's file is called in a bundle, such as `int8.tflite`."""
        return f"{self.name}.tflite" if part == MODEL else f"{self.name}-{part}.tflite"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a bundle is made of.

    Attributes:
        variants: In the order of the report; never empty.
        vectors: Part name -> golden inputs and the reference's answers; `model` is the whole.
        labels: What the outputs are called, if they are.
        program: What uses the models on a device; None if the build has none.
    """

    run_dir: Path
    report: Report
    variants: tuple[VerifiedVariant, ...]
    vectors: Mapping[str, tuple[Batch, Batch]]
    labels: tuple[str, ...]
    program: Program | None

    def copy_program(self, folder: Path, *others: str) -> None:
        """Copy the program for the device, its package and the files it reads, if there are any.

        Args:
            folder: The bundle.
            others: Further modules below `edgekit.on_device` that come along.
        """
        if programs_path(self.run_dir).is_dir():
            ours = shutil.ignore_patterns(PROGRAM_FILE, "__pycache__")
            shutil.copytree(programs_path(self.run_dir), folder, ignore=ours, dirs_exist_ok=True)
        if self.program and is_ours(self.program):
            # An older build's program would look for what older bundles held.
            shutil.rmtree(folder / PACKAGE, ignore_errors=True)
            copy_package(self.program, folder, *others)

    def copy_report(self, folder: Path) -> None:
        """Copy the build's `report.json`."""
        shutil.copyfile(self.run_dir / report_json.FILE_NAME, folder / report_json.FILE_NAME)


Fits = Callable[[Sequence[Row]], bool]
"""Of what was measured of a variant: whether it belongs into a bundle."""


def right_somewhere(rows: Sequence[Row]) -> bool:
    """Whether a variant was within its limits on at least one place."""
    return any(row.ok for row in rows)


def fitting(report: Report, fits: Fits) -> dict[str, tuple[Row, ...]]:
    """Return the variants of a build that fit, each with all that was measured of it."""
    measured: dict[str, tuple[Row, ...]] = {}
    for row in report.rows:
        if row.status == "measured":
            measured[row.variant] = (*measured.get(row.variant, ()), row)
    return {name: rows for name, rows in measured.items() if fits(rows)}


def contents_of(
    run_dir: Path, names: Sequence[str] = (), *, fits: Fits = right_somewhere
) -> Contents:
    """Read and check what a bundle of a build is made of.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`.
        names: Of the variants that are wanted; all that are verified if empty.
        fits: Which of them count as verified where the bundle goes.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant was measured and found within its limits, or not one that is wanted.
        BadData: A file is not the one that was measured.
    """
    report = report_json.load_report(run_dir)
    verified = fitting(report, fits)
    if not verified:
        raise BadInput(
            f"No variant in '{run_dir}' was measured and found within its limits, and a bundle "
            f"holds no other; `edgekit report {run_dir}` says why."
        )
    variants = tuple(
        VerifiedVariant(name=name, rows=rows, files=_files(run_dir, name))
        for name, rows in _wanted(verified, names, report).items()
    )
    return Contents(
        run_dir=run_dir,
        report=report,
        variants=variants,
        vectors={
            part: read_vectors(vectors_path(run_dir, part))
            for part in with_whole(variants[0].files)
        },
        labels=_labels(variants),
        program=read_program(programs_path(run_dir)),
    )


def _wanted(
    verified: Mapping[str, tuple[Row, ...]], names: Sequence[str], report: Report
) -> dict[str, tuple[Row, ...]]:
    """Return the verified variants that are wanted, in the order of the report."""
    for name in names:
        if name in verified:
            continue
        rows = [row for row in report.rows if row.variant == name]
        why = "was not built"
        if rows:
            measured = any(row.status == "measured" for row in rows)
            why = "was measured and is out of its limits" if measured else "was not run anywhere"
        raise BadInput(
            f"Variant '{name}' {why}, and a bundle holds only verified ones; "
            f"there are: {', '.join(verified)}."
        )
    return {name: rows for name, rows in verified.items() if not names or name in names}


def _files(run_dir: Path, variant: str) -> Files:
    """Return a variant's files after checking that they are those that were described."""
    if not _NAME.fullmatch(variant):
        raise BadData(f"Variant {variant!r} is not a name: letters, digits, '_', '-' and '.' are.")
    sidecars = sorted((run_dir / variant).glob("*.json"))
    artifacts = [_artifact(path) for path in sidecars or [run_dir / variant / "artifact.json"]]
    return {artifact.path.stem: artifact for artifact in artifacts}


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


def _labels(variants: tuple[VerifiedVariant, ...]) -> tuple[str, ...]:
    files = (artifact for variant in variants for artifact in variant.files.values())
    labels = next((file.signature.labels for file in files if file.signature.labels), ())
    if any(label.splitlines() != [label] for label in labels):
        raise BadData("A label is empty or has a line break, but labels.txt holds one a line.")
    return labels
