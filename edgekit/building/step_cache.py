"""Steps of a build: a finished step is not redone unless its inputs changed.

Each step leaves a record `.steps/<name>.json` with a fingerprint of its inputs and the SHA-256 of
what it wrote. The record is written last, so a build that was killed resumes at the first step
that has none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edgekit.building.fingerprints import Code
from edgekit.core.errors import BadData
from edgekit.core.paths import sha256, write_json
from edgekit.core.records import Json, from_json, to_json

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _Record:
    inputs: str
    outputs: Mapping[str, str]
    result: Json


def step(
    folder: Path,
    name: str,
    kind: type[T],
    *,
    inputs: Mapping[str, object],
    outputs: Sequence[Path] = (),
    code: Code | None = None,
    action: Callable[[], T],
) -> T:
    """Return the result of `action`, or of the recorded run with the same inputs.

    Args:
        folder: The run folder; outputs are recorded relative to it.
        name: Unique within the folder.
        kind: Type of the result: a dataclass, or a JSON value.
        inputs: JSON values and dataclasses that decide the result, such as checksums of files.
        outputs: Files or folders that `action` writes.
        code: The code that `action` runs. If it was edited since the build began, the step is not
            recorded, since nobody knows which edition ran.
        action: Does the work; what it raises is passed on and nothing is recorded.
    """
    record = folder / ".steps" / f"{name}.json"
    given = {**inputs, "code": code.sums} if code else inputs
    fingerprint = hashlib.sha256(json.dumps(to_json(given), sort_keys=True).encode()).hexdigest()
    previous = _read(record)
    if previous and previous.inputs == fingerprint and _unchanged(folder, previous.outputs):
        try:
            return _typed(kind, previous.result, record)
        except BadData:  # another edition of edgekit wrote it
            pass
    record.unlink(missing_ok=True)
    result = action()
    if code is None or not code.changed():
        sums = {str(path.relative_to(folder)): sha256(path) for path in outputs if path.exists()}
        write_json(record, {"inputs": fingerprint, "outputs": sums, "result": to_json(result)})
    return result


def _typed(kind: type[T], value: Json, record: Path) -> T:
    if kind is type(None):
        return value  # type: ignore[no-any-return]
    return from_json(kind, value, what=f"'{record}'", remedy="build it again")


def _read(record: Path) -> _Record | None:
    try:
        return _typed(_Record, json.loads(record.read_text(encoding="utf-8")), record)
    except (OSError, ValueError, BadData):
        return None


def _unchanged(folder: Path, sums: Mapping[str, str]) -> bool:
    return all(
        (folder / name).exists() and sha256(folder / name) == expected
        for name, expected in sums.items()
    )
