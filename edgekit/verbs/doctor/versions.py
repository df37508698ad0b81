"""Which versions run here, and where edgekit keeps what it makes: what a bug report has to say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path

from edgekit.core.paths import home
from edgekit.running import this_machine
from edgekit.running.environments import making, tflite_runtime
from edgekit.running.this_machine import NOT_INSTALLED
from edgekit.verbs.doctor.local import Finding

_GET = "not installed; run: pip install 'edgekit-tflite[build]'"


def examine() -> Iterator[Finding]:
    """Yield versions, the system, and the folders that are used."""
    for name, version in this_machine.versions().items():
        yield _finding("version", name, "" if version == NOT_INSTALLED else version, _GET)
    version = _version_in(making.folder(tflite_runtime.NAME))
    yield _finding("version", tflite_runtime.NAME, version, tflite_runtime.missing())
    yield _finding("machine", "system", this_machine.system())
    yield _finding("machine", "processor", this_machine.processor())
    yield _finding("path", "EDGEKIT_HOME", f"{home()} ({_decided_by()})")
    yield _data()


def report_line(findings: Iterable[Finding]) -> str:
    """Return versions and machine on one line, to be copied into a bug report."""
    return "; ".join(
        f"{row.name} {row.message if row.ok else 'missing'}"
        for row in findings
        if row.kind in ("version", "machine")
    )


def _version_in(environment: Path) -> str:
    """Return the version of a package of the same name in an environment; "" if there is none."""
    folders = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    for each in distributions(path=folders):
        if re.sub(r"[-_.]+", "-", each.name) == environment.name:
            return each.version
    return ""


def _decided_by() -> str:
    for variable in ("EDGEKIT_HOME", "XDG_CACHE_HOME"):
        if os.environ.get(variable):
            return f"by the variable {variable}"
    return "the default; the variable EDGEKIT_HOME moves it"


def _data() -> Finding:
    given = os.environ.get("EDGEKIT_DATA")
    if not given:
        return _finding("path", "EDGEKIT_DATA", "not set: data sets are kept below EDGEKIT_HOME")
    found = given if Path(given).is_dir() else ""
    how = f"'{given}' is no folder; set the variable to one, or to nothing"
    return _finding("path", "EDGEKIT_DATA", found, how)


def _finding(kind: str, name: str, found: str, how: str = "") -> Finding:
    return Finding(kind=kind, name=name, ok=bool(found), message=found or how)
