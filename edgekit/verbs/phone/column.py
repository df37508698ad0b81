"""A phone's column in the report of a build: what its self-test answered, judged on the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit.core.errors import BadData, NotFound
from edgekit.core.records import from_json, read_json
from edgekit.core.report import Report, Row
from edgekit.reporting.report_json import load_report
from edgekit.verbs.phone.device_report import REMEDY, is_emulated, judge_report
from edgekit.verbs.verify import Proof

BUNDLE_FOLDER = "android"
"""Where in a run folder `edgekit bundle --for android` puts what the app is given."""


@dataclass(frozen=True, kw_only=True)
class _Latency:
    median_ms: float | None = None
    p90_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """What a device report says beside the answers."""

    variant: str
    latency: _Latency = _Latency()
    peak_memory_bytes: int | None = None
    device: Mapping[str, str] = field(default_factory=dict)


def with_phone(run_dir: Path, device_reports: Sequence[Path]) -> Report:
    """Return the report of a build with what phones measured; it is not written.

    Args:
        run_dir: The folder of a build, with the bundle that the app was given in `android/`.
        device_reports: JSON files that the app shared.

    Raises:
        NotFound: There is no report, bundle or device report.
        BadData: A device report cannot be read, or is of another bundle.
        BadInput: A device report is of another version.
    """
    report, bundle = load_report(run_dir), run_dir / BUNDLE_FOLDER
    if not bundle.is_dir():
        raise NotFound(
            f"'{run_dir}' holds no bundle for the app, by which a phone's answers are judged; run: "
            f"edgekit bundle {run_dir} --for android"
        )
    for path in device_reports:
        report = _added(report, _row(report, bundle, path))
    return report


def _added(report: Report, row: Row) -> Report:
    """Put a row after the others of its variant; it replaces what the same phone said before."""

    def place(each: Row) -> tuple[str, ...]:
        return (each.variant, each.runtime, each.device, each.adapter)

    rows = [each for each in report.rows if place(each) != place(row)]
    last = max(index for index, each in enumerate(rows) if each.variant == row.variant)
    return replace(report, rows=(*rows[: last + 1], row, *rows[last + 1 :]))


def _row(report: Report, bundle: Path, path: Path) -> Row:
    proofs = judge_report(bundle, path)
    found = read_json(path, written_by="the app writes it", remedy=REMEDY)
    measured = from_json(_Measured, found, what="The device report", remedy=REMEDY)
    of_build = [row for row in report.rows if row.variant == measured.variant]
    if not of_build:
        raise BadData(f"'{path}' is of the variant '{measured.variant}', which the build lacks.")
    worst = max(proofs, key=_badness)
    latency = _Latency() if is_emulated(measured.device) else measured.latency
    return Row(
        variant=measured.variant,
        precision=of_build[0].precision,
        runtime=worst.runtime,
        device=worst.device,
        status="measured",
        ok=worst.ok,
        max_abs_error=worst.max_abs_error,
        mean_abs_error=worst.mean_abs_error,
        cosine=worst.cosine,
        latency_ms_median=latency.median_ms,
        latency_ms_p90=latency.p90_ms,
        peak_memory_bytes=measured.peak_memory_bytes,
        size_bytes=of_build[0].size_bytes,
        compressed_bytes=of_build[0].compressed_bytes,
        zstd_bytes=of_build[0].zstd_bytes,
        sparse_bytes=of_build[0].sparse_bytes,
        adapter=worst.adapter,
        reason=" ".join(dict.fromkeys(proof.reason for proof in proofs if proof.reason)),
    )


def _badness(proof: Proof) -> tuple[bool, float]:
    """Order the files of a model: those out of limits last, and among them by their error."""
    return proof.ok is False, proof.max_abs_error or 0.0
