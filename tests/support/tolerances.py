"""Cases of the rule by which a bundle's self-tests tell right answers, the same in every language.

The rule: see `edgekit.bundling.bundle_json.Tolerance`. The tests of the Python, the JavaScript and
the Kotlin of bundles all read `tolerances.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.types import Array
from tests.support.paths import ROOT

FILE = ROOT / "tests" / "support" / "tolerances.json"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Golden values, answers, and what is said of them.

    Attributes:
        golden: Axis of examples first, float32.
        answers: As `golden`.
        step: Of a quantized output; 0 if it is none.
        error: As in `Tolerance`.
        resolution: As in `Tolerance`.
        allowed: Root mean square of the errors at most.
        ok: Whether the answers are right.
    """

    name: str
    golden: Array
    answers: Array
    step: float
    error: float
    resolution: float
    allowed: float
    ok: bool

    def __str__(self) -> str:
        return self.name


def cases() -> list[Case]:
    """Return all cases."""
    return [_case(**each) for each in json.loads(FILE.read_text(encoding="utf-8"))["cases"]]


def _case(
    *,
    shape: list[int],
    golden: list[float],
    answers: list[float],
    verdict: str,
    nan: Sequence[int] = (),
    **facts: Any,
) -> Case:
    """Return a case as the file has it, with the places of answers that are NaN."""
    flat = np.array(answers, np.float32)
    flat[list(nan)] = np.nan
    expected = np.array(golden, np.float32).reshape(shape)
    answered = flat.reshape(shape)
    return Case(golden=expected, answers=answered, ok=verdict == "ok", **facts)
