"""Every figure of a build for programs."""

from __future__ import annotations

from pathlib import Path

from edgekit.core.kinds import Reporter
from edgekit.core.paths import write_json
from edgekit.core.report import Report
from edgekit.reporting import report_json


def write(report: Report, folder: Path) -> Path:
    """Write `report.json` into `folder` and return its path.

    Raises:
        BadData: The reference value is not finite.
    """
    path = folder / report_json.FILE_NAME
    write_json(path, report_json.to_json(report))
    return path


report = Reporter(write=write)
