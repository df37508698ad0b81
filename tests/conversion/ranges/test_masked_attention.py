"""Masked attention in 8 and 16 bits: the mask's huge constant takes no steps from the scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.writing import write
from edgekit.core.variant import Precision
from edgekit.running.session import open_session
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import run_model
from tests.support import attention

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

LARGEST = 0.2
"""Root mean square error over the spread of the answers. Measured: 0.02 to 0.12, where 0.1 comes
from values outside of what calibration saw. A mask whose constant sets a range costs 0.3 to 0.9."""


def check(case: attention.Case, folder: Path, precision: Precision) -> None:
    """Convert; on examples that calibration did not see, both runtimes must be close to Keras."""
    model, data = case
    source, out = folder / "m.keras", folder / f"{precision}.tflite"
    model.save(source)
    np.savez(source.with_suffix(".npz"), **data(100, 0))  # type: ignore[arg-type]
    write(source, out, precision, source.with_suffix(".npz"))
    unseen = data(32, 99)
    (wanted,) = run_model(load_model(source), unseen).values()
    for runtime in ("litert", "tflite-runtime"):
        with open_session(out, runtime=runtime) as run:
            (answer,) = run(unseen).values()
        error = np.sqrt(np.mean((answer - wanted) ** 2)) / wanted.std()
        assert error < LARGEST, runtime


@pytest.mark.parametrize("name", ["encoder", "decoder", "translator", "grouped"])
def test_a_transformer_with_masks_converts(tmp_path: Path, name: str) -> None:
    check(getattr(attention, name)(), tmp_path, "int8")


def added(scores: Any, mask: Any) -> Any:
    return scores + (1.0 - mask) * -1e9


def subtracted(scores: Any, mask: Any) -> Any:
    return scores - (1.0 - mask) * 1e9


def added_constant(scores: Any, mask: Any) -> Any:
    return added(scores, mask) + np.triu(np.full((attention.LENGTH,) * 2, -np.inf, np.float32), 1)


def chosen(scores: Any, mask: Any) -> Any:
    import keras

    return keras.ops.where(mask > 0.5, scores, -np.inf)


@pytest.mark.parametrize(
    ("precision", "mask_scores"),
    [
        ("int8", added),
        ("int8", subtracted),
        ("int8", added_constant),
        ("int8", chosen),
        ("int16x8", added),
        ("int16x8", added_constant),
    ],
)
def test_a_mask_written_by_hand_takes_no_steps(
    tmp_path: Path, precision: Precision, mask_scores: Callable[[Any, Any], Any]
) -> None:
    check(attention.own(mask_scores), tmp_path, precision)


def test_a_mask_that_comes_in_as_large_numbers_takes_no_steps(tmp_path: Path) -> None:
    """The user adds 0 or -10,000, and gives those."""
    model, data = attention.own(lambda scores, bias: scores + bias)
    masked = lambda count, seed: {  # noqa: E731
        "signal": data(count, seed)["signal"],
        "mask": np.where(data(count, seed)["mask"] > 0, 0, -1e4).astype(np.float32),
    }
    check((model, masked), tmp_path, "int8")
