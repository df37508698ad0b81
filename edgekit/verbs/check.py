"""Check, by its tables, whether a target will run a file; nothing is run."""

from __future__ import annotations

from pathlib import Path

from edgekit.core import registry
from edgekit.core.types import AnyPath
from edgekit.operators.target import Check, Target
from edgekit.tflite.reader import read


def check(path: AnyPath, target: str) -> Check:
    """Return a target's static verdict on a `.tflite`.

    Args:
        path: The file.
        target: A name from `edgekit list targets`, or a path to a target's file.

    Raises:
        NotFound: There is no such file or target.
        BadModelFile: The file is not a complete `.tflite`.
        Unavailable: The target asks a compiler that is not here.

    Example:
        >>> edgekit.check("tests/golden/float32.tflite", "cpu").ok
        True
    """
    asked: Target = registry.get("targets", target)
    return asked.check(read(Path(path)))


def is_accepted(path: Path, target: str) -> bool:
    """Whether a target's tables accept every operator of a `.tflite`, and the file as a whole."""
    found = check(path, target)
    return found.ok and all(operator.verdict == "yes" for operator in found.operators)
