"""Steps of a build: a finished step is not redone unless its inputs changed.

Each step leaves a record `.steps/<name>.json` with a fingerprint of its inputs and the SHA-256 of
what it wrote. The record is written last, so a build that was killed resumes at the first step
that has none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.paths import sha256, write_json


def step(
    folder: Path,
    name: str,
    *,
    inputs: Mapping[str, Any],
    outputs: Sequence[Path],
    action: Callable[[], Any],
) -> Any:
    """Return the JSON result of `action`, or of the recorded run with the same inputs.

    Args:
        folder: The run folder; outputs are recorded relative to it.
        name: Unique within the folder.
        inputs: JSON values that decide the result, such as checksums of files it reads.
        outputs: Files or folders that `action` writes.
        action: Does the work; what it raises is passed on and nothing is recorded.
    """
    record = folder / ".steps" / f"{name}.json"
    fingerprint = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    previous = _read(record)
    if previous.get("inputs") == fingerprint and _unchanged(folder, previous["outputs"]):
        return previous["result"]
    record.unlink(missing_ok=True)
    result = action()
    sums = {str(path.relative_to(folder)): sha256(path) for path in outputs if path.exists()}
    write_json(record, {"inputs": fingerprint, "outputs": sums, "result": result})
    return result


def _read(record: Path) -> dict[str, Any]:
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    complete = isinstance(found, dict) and {"inputs", "outputs", "result"} <= found.keys()
    return found if complete else {}


def _unchanged(folder: Path, sums: Mapping[str, str]) -> bool:
    return all(
        (folder / name).exists() and sha256(folder / name) == expected
        for name, expected in sums.items()
    )
