"""How far an answer is from its reference: a few figures over all outputs together.

They describe; `edgekit.running.judgement` judges, output by output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array, Batch

LARGEST_TO_MEAN = 20
"""A largest error this many times the mean error counts as much."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How an answer compares with its reference.

    Attributes:
        max_abs_error: Largest absolute error over all outputs.
        mean_abs_error: Mean absolute error over all outputs.
        cosine: Cosine similarity of all outputs taken as one vector; 1.0 is the same direction.
        reference_range: Largest minus smallest value of the reference.
    """

    max_abs_error: float
    mean_abs_error: float
    cosine: float
    reference_range: float


def compare(reference: Batch, outputs: Batch) -> Agreement:
    """Compare outputs with the reference's, all tensors together.

    Args:
        reference: Output name -> array, batch axis first.
        outputs: The same names and shapes.

    Raises:
        BadData: Names or shapes differ.
    """
    check_shapes(reference, outputs)
    expected = _flat(reference.values())
    actual = _flat(outputs[name] for name in reference)
    error = np.abs(expected - actual)
    norms = float(np.linalg.norm(expected) * np.linalg.norm(actual))
    return Agreement(
        max_abs_error=_finite(float(error.max(initial=0.0))),
        mean_abs_error=_finite(float(error.mean()) if error.size else 0.0),
        cosine=_finite(float(expected @ actual) / norms) if norms else float(not error.any()),
        reference_range=float(np.ptp(expected)) if expected.size else 0.0,
    )


def check_shapes(reference: Batch, outputs: Batch) -> None:
    """Refuse outputs that cannot be compared with the reference's.

    Raises:
        BadData: Names or shapes differ.
    """
    for name, array in reference.items():
        shape = outputs[name].shape if name in outputs else "nothing"
        if shape != array.shape:
            raise BadData(
                f"Output '{name}' is {shape}, the reference has {array.shape}; give the answers of "
                "the model that the file was made from."
            )


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """Return the agreement that is farthest from its reference, of those of several parts."""

    def distance(agreement: Agreement) -> float:
        error = max(agreement.mean_abs_error, agreement.max_abs_error / LARGEST_TO_MEAN)
        return error / max(agreement.reference_range, 1e-30)

    return max(agreements, key=distance)


def _flat(arrays: Iterable[Array]) -> Array:
    parts = [np.asarray(array, np.float64).ravel() for array in arrays]
    return np.concatenate(parts) if parts else np.zeros(0)


def _finite(value: float) -> float:
    """Return a float that JSON can hold: NaN and infinity become the largest one."""
    return float(np.nan_to_num(value, nan=np.finfo(float).max))
