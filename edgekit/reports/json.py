"""Every figure of a build for programs."""

from __future__ import annotations

from pathlib import Path

from edgekit import reporting
from edgekit.paths import write_json
from edgekit.types import Report


def report(report: Report, folder: Path) -> Path:
    """Write `report.json` into `folder` and return its path.

    Raises:
        BadData: The reference value is not finite.
    """
    path = folder / reporting.FILE_NAME
    write_json(path, reporting.to_json(report))
    return path
