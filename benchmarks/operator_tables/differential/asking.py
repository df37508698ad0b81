"""Ask a runtime what it answers to a file, and whether that is the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from runtime_process import Worker

from edgekit.core.types import Array

from .files import Scale, Single

RIGHT = "right"

_STEPS = 3
"""Steps of a quantized output that an answer may be off by."""

_SHARE = {"float32": 0.02, "hybrid": 0.06, "int8": 0.03, "uint8": 0.03, "int16": 0.02}
"""By type of the data, the part of the answer's range that it may be off by."""

_OTHERS = 0.1
"""Share of whole numbers, or of yes and no, that rounded data may turn."""


def ask(worker: Worker, how: str, single: Single, folder: Path) -> str:
    """Return `RIGHT`, or how the runtime refuses the file, dies of it, or answers wrong."""
    given, found = folder / "in.npz", folder / "out.npz"
    arrays = {str(position): array for position, array in enumerate(single.inputs)}
    np.savez(given, **arrays)  # type: ignore[arg-type]
    said = _ask(worker, how, single, given, found)
    if said.startswith("no answer") or (how == "gpu" and said.startswith(("answers", "crashes"))):
        worker.stop()  # perhaps only because of what an earlier file left behind
        said = _ask(worker, how, single, given, found)
    return said


def _ask(worker: Worker, how: str, single: Single, given: Path, found: Path) -> str:
    found.unlink(missing_ok=True)
    types = [(truth.shape, dtype) for truth, _, dtype in single.outputs]
    ok, error, log = worker.ask(
        how=how, file=str(single.path), inputs=str(given), outputs=str(found), output_types=types
    )
    if not ok:
        words = ("ERROR", "└", "WARNING: Attempting")
        told = [line for line in log.splitlines() if line.startswith(words)]
        return " ".join(f"{error} {told[-1] if told else ''}".split())[:160]
    with np.load(found) as arrays:
        return judged(single, [arrays[str(k)] for k in range(len(single.outputs))])


def judged(single: Single, answers: list[Array]) -> str:
    """Return `RIGHT`, or by how much the answers are wrong."""
    for (truth, scale, dtype), answer in zip(single.outputs, answers, strict=True):
        if answer.size != truth.size:
            return f"answers {answer.size} values instead of {truth.size}"
        judge = _far_off if dtype.startswith("float") or scale else _other
        if wrong := judge(single.way, truth.ravel(), answer.ravel(), scale):
            return wrong
    return RIGHT


Judge = Callable[[str, Array, Array, "Scale | None"], str]


def _far_off(way: str, truth: Array, answer: Array, scale: Scale | None) -> str:
    meant = scale.meant(answer) if scale else answer.astype(np.float64)
    if not np.isfinite(meant).all():
        return "answers what is no number"
    if not truth.size:
        return ""
    spread = max(float(np.ptp(truth)), 0.1 * float(np.abs(truth).max()), 1e-3)
    allowed = _SHARE.get(way, 0.02) * spread + (_STEPS * float(scale.scale[0]) if scale else 0.0)
    error = float(np.abs(meant - truth).max())
    if error <= allowed:
        return ""
    return f"answers wrong, by {min(error / spread, 999):.0%} of the range"


def _other(way: str, truth: Array, answer: Array, scale: Scale | None) -> str:
    share = float(np.mean(answer.astype(np.float64) != truth)) if truth.size else 0.0
    allowed = _OTHERS if way in ("int8", "uint8", "int16", "float32") else 0.0
    if share <= allowed or (allowed and share * truth.size <= 1):
        return ""
    return f"answers other values for {share:.0%}"
