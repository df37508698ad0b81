"""Is an answer right? Its error against the reference, degenerate outputs, and limits for both.

Everything is compared with the Keras float reference on the same examples, never with another run
of the converted file: a wrong conversion agrees with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array, Batch, Run


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far an artifact may be from its reference, as shares of the reference's range.

    Attributes:
        max_error: Largest accepted error of any output value.
        mean_error: Largest accepted mean error.
        drop: Default limit on the drop of a recipe's metric, in the metric's unit.
        reason: Why an error of this size is expected.
    """

    max_error: float
    mean_error: float
    drop: float
    reason: str


TOLERANCES: Mapping[str, Tolerance] = {
    "float32": Tolerance(
        max_error=1e-3,
        mean_error=1e-5,
        drop=0.1,
        reason="same arithmetic in another order of summation",
    ),
    "float16": Tolerance(
        max_error=5e-2,
        mean_error=2e-3,
        drop=0.2,
        reason="weights, and on a GPU activations, have 11 bits of mantissa",
    ),
    "dynamic_int8": Tolerance(
        max_error=0.6,
        mean_error=2e-2,
        drop=0.5,
        reason="weights have 8 bits; activations are quantized again at each call",
    ),
    "int8": Tolerance(
        max_error=0.8,
        mean_error=4e-2,
        drop=1.0,
        reason="weights and activations have 8 bits; ranges come from calibration",
    ),
    "int16x8": Tolerance(
        max_error=0.6,
        mean_error=2e-2,
        drop=0.5,
        reason="weights have 8 bits, activations 16",
    ),
}
"""Limits per precision. A single value near a decision boundary may move far in 8 bits, so the mean
error is the strict limit there, and the largest error only catches a broken output."""

LARGEST_TO_MEAN = 20
"""A largest error this many times the mean error counts as much; about the ratio of the limits."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How an answer compares with its reference.

    Attributes:
        max_abs_error: Largest absolute error over all outputs.
        mean_abs_error: Mean absolute error over all outputs.
        cosine: Cosine similarity of all outputs taken as one vector; 1.0 is the same direction.
        reference_range: Largest minus smallest value of the reference.
        degenerate: What is plainly wrong, such as "all zeros"; "" if nothing is.
    """

    max_abs_error: float
    mean_abs_error: float
    cosine: float
    reference_range: float
    degenerate: str

    def problem(self, precision: str) -> str:
        """Return "" if within the tolerance of `precision`, else one sentence."""
        if self.degenerate:
            return f"The output is {self.degenerate}."
        tolerance = TOLERANCES[precision]
        for name, error, share in (
            ("largest", self.max_abs_error, tolerance.max_error),
            ("mean", self.mean_abs_error, tolerance.mean_error),
        ):
            limit = share * self.reference_range
            if not error <= limit:  # NaN, too
                return (
                    f"The {name} error is {error:.2g}, allowed for {precision} is {limit:.2g} "
                    f"({share:.2g} of the reference's range)."
                )
        return ""


def compare(reference: Batch, outputs: Batch) -> Agreement:
    """Compare outputs with the reference's, all tensors together.

    Args:
        reference: Output name -> array, batch axis first.
        outputs: The same names and shapes.

    Raises:
        BadData: Names or shapes differ.
    """
    for name, array in reference.items():
        shape = outputs[name].shape if name in outputs else "nothing"
        if shape != array.shape:
            raise BadData(f"Output '{name}' is {shape}, the reference has {array.shape}.")
    expected = _flat(reference.values())
    actual = _flat(outputs[name] for name in reference)
    error = np.abs(expected - actual)
    norms = float(np.linalg.norm(expected) * np.linalg.norm(actual))
    return Agreement(
        max_abs_error=_finite(float(error.max(initial=0.0))),
        mean_abs_error=_finite(float(error.mean()) if error.size else 0.0),
        cosine=_finite(float(expected @ actual) / norms) if norms else float(not error.any()),
        reference_range=float(np.ptp(expected)) if expected.size else 0.0,
        degenerate=degenerate(reference, outputs),
    )


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """Return the agreement that is farthest from its reference, of those of several parts."""

    def distance(agreement: Agreement) -> tuple[bool, float]:
        error = max(agreement.mean_abs_error, agreement.max_abs_error / LARGEST_TO_MEAN)
        return bool(agreement.degenerate), error / max(agreement.reference_range, 1e-30)

    return max(agreements, key=distance)


def degenerate(reference: Batch, outputs: Batch) -> str:
    """Say what is plainly wrong with outputs, such as "all zeros"; "" if nothing is.

    That every example has the same output is wrong only if the reference's outputs differ.
    """
    for name, expected in reference.items():
        actual = np.asarray(outputs[name], np.float64)
        if not np.isfinite(actual).all():
            return "NaN or infinite"
        if not actual.any() and np.any(expected):
            return "all zeros"
        if len(actual) > 1 and _is_constant(actual) and not _is_constant(np.asarray(expected)):
            return "the same whatever the input"
    return ""


def agreement_of(run: Run, vectors: tuple[Batch, Batch]) -> Agreement:
    """Run golden inputs, and compare the outputs with the reference's."""
    inputs, expected = vectors
    return compare(expected, run(inputs))


def arithmetic(precision: str, adapter: str) -> str:
    """Return the precision whose tolerance a file is held to: a GPU computes float32 in float16.

    Args:
        precision: Of the file.
        adapter: The GPU adapter it ran on; "" for a CPU.
    """
    return "float16" if adapter and precision == "float32" else precision


def _is_constant(array: Array) -> bool:
    return bool((array == array[:1]).all())


def _flat(arrays: Iterable[Array]) -> Array:
    parts = [np.asarray(array, np.float64).ravel() for array in arrays]
    return np.concatenate(parts) if parts else np.zeros(0)


def _finite(value: float) -> float:
    """Return a float that JSON can hold: NaN and infinity become the largest one."""
    return float(np.nan_to_num(value, nan=np.finfo(float).max))
