"""A build's report as `report.json`: written with stable keys, read back with strict types."""

from __future__ import annotations

import math
from pathlib import Path

from edgekit.core import records
from edgekit.core.errors import BadData, NotFound
from edgekit.core.records import Json
from edgekit.core.report import Report
from edgekit.core.types import AnyPath
from edgekit.reporting.verdict import recommendation, verdict

FILE_NAME = "report.json"

_REMEDY = "build it again with `edgekit build`"


def to_json(report: Report) -> dict[str, Json]:
    """Return a report as JSON values, in the stable form of `report.json`.

    Beside its fields there is a `verdict`, which follows from them: whether all is within limits
    and what is no better than the baseline (variant, runtime and device of each).

    JSON has no NaN and no infinity: such a figure of a row becomes null, its reason remains.

    Raises:
        BadData: The reference or baseline value is not finite, so nothing can be compared with it.
    """
    for what, number in (("reference", report.reference), ("baseline", report.baseline.value)):
        if not math.isfinite(number):
            raise BadData(f"The {what} of the report is {number}; it must be finite: train again.")
    value: dict[str, Json] = records.to_json(report, finite=True)
    behind = [[row.variant, row.runtime, row.device] for row in report.behind_baseline]
    return value | {
        "verdict": {
            "ok": report.ok,
            "beats_baseline": report.beats_baseline,
            "behind_baseline": behind,
            "sentence": verdict(report),
            "recommendation": recommendation(report),
        }
    }


def from_json(value: Json) -> Report:
    """Return the report that `to_json` wrote; keys it does not know are ignored.

    Raises:
        BadData: A key is missing, or holds another kind of value.
    """
    return records.from_json(Report, value, what="report", remedy=_REMEDY)


def load_report(run_dir: AnyPath) -> Report:
    """Read the report of a run folder.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`, or its `report.json` itself.

    Raises:
        NotFound: There is no `report.json`.
        BadData: It is not a report.
    """
    run_dir = Path(run_dir)
    path = run_dir / FILE_NAME if run_dir.is_dir() else run_dir
    if not path.is_file():
        raise NotFound(f"'{run_dir}' holds no {FILE_NAME}; `edgekit build` writes it.")
    value = records.read_json(path, written_by="`edgekit build` writes it", remedy=_REMEDY)
    try:
        return from_json(value)
    except BadData as error:
        raise BadData(f"'{path}': {error}") from error
