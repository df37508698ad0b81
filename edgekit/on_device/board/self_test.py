"""Replay a bundle's golden vectors, and say how far the answers are from the Keras model's.

The limits are those of `bundle.json`, which are the same that a build is held to.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Iterator, Mapping, NamedTuple, Tuple, TypedDict

import numpy as np

from ..answering import Models
from ..arrays import Array, Batch
from ..interpreter import BUNDLE, TensorFacts

MODEL = "model"

STILL = 1e-6
"""Values that vary by less than this share of the largest do not vary: sums are rounded."""


class Tolerance(TypedDict):
    """As `limits` of `bundle.json` has it for each precision."""

    error: float
    resolution: float


class Compared(NamedTuple):
    """How an output compares with its golden values.

    Attributes:
        largest: Error.
        typical: Root mean square of the errors.
        allowed: What `typical` may be at most.
        step: Between neighbouring values of a quantized output; 0 if it is none.
        latency_ms: Mean of a call.
    """

    part: str
    output: str
    examples: int
    largest: float
    typical: float
    allowed: float
    step: float
    latency_ms: float

    @property
    def ok(self) -> bool:
        """Whether the errors are within the limit."""
        return self.typical <= self.allowed  # so that NaN is not

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "OUT OF LIMITS"
        errors = f"largest error {self._told(self.largest)}, typical {self._told(self.typical)}"
        name = self.output if self.part == MODEL else f"{self.part}/{self.output}"
        return f"{name}: {errors}, at most {self._told(self.allowed)}: {verdict}"

    def _told(self, error: float) -> str:
        return f"{error / self.step:.2f} steps" if self.step else f"{error:.2g}"


def self_test(models: Models) -> Iterator[Compared]:
    """Compare each output of each part of a loaded variant with its golden values.

    Raises:
        ValueError: The bundle has no golden vectors, or is of before there were limits.
    """
    path = models.folder / BUNDLE
    if not path.is_file():
        raise ValueError(
            f"'{models.folder}' has no {BUNDLE}, so that there is nothing to compare with; make "
            "the bundle again: edgekit bundle."
        )
    facts = json.loads(path.read_text(encoding="utf-8"))
    precisions = {model["variant"]: model["precision"] for model in facts["models"]}
    for part, model in models.facts.items():
        golden = facts["golden"] if part == MODEL else facts["golden"]["parts"][part]
        limits = facts["limits"][precisions[model["variant"]]]
        inputs, expected = _read(models.folder / golden["npz"])
        began = time.perf_counter()
        answers = models.runs[part](inputs)
        each_ms = 1e3 * (time.perf_counter() - began) / max(len(next(iter(inputs.values()))), 1)
        for tensor in model["outputs"]:
            name = tensor["name"]
            yield compared(part, tensor, expected[name], answers[name], limits)._replace(
                latency_ms=each_ms
            )


def compared(
    part: str, tensor: TensorFacts, expected: Array, answers: Array, limits: Tolerance
) -> Compared:
    """Compare one output with its golden values, of the same shape, examples first."""
    channels = expected.shape[-1] if expected.ndim > 1 else 1
    rows = np.asarray(expected, np.float64).reshape(-1, channels)
    errors = np.asarray(answers, np.float64).reshape(rows.shape) - rows
    largest_value, step = float(np.abs(rows).max(initial=0.0)), _step(tensor)
    spread = float(np.sqrt(rows.var(axis=0).mean()))
    if spread <= STILL * largest_value:  # an error is seen against the values then
        spread = largest_value
    return Compared(
        part=part,
        output=tensor["name"],
        examples=len(expected),
        largest=float(np.abs(errors).max(initial=0.0)),
        typical=float(np.sqrt((errors**2).mean())),
        allowed=max(limits["error"] * spread, limits["resolution"] * largest_value, step),
        step=step,
        latency_ms=0.0,
    )


def _step(tensor: TensorFacts) -> float:
    quantization = tensor["quantization"]
    return quantization["scale"] if quantization else 0.0


def _read(path: Path) -> Tuple[Batch, Batch]:
    """Return inputs and outputs by their names."""
    sides: Mapping[str, Batch] = {"input": {}, "output": {}}
    with np.load(str(path), allow_pickle=False) as arrays:
        for key in arrays.files:
            side, _, name = key.partition(":")
            sides[side][name] = arrays[key]  # type: ignore[index]
    return sides["input"], sides["output"]
