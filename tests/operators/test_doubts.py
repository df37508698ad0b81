"""What was not measured, or went both ways, is unknown; what dies on a board is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.operators import support
from edgekit.operators.measured import Measured
from edgekit.verbs.check import check
from tests.support.small_files import Data, Step, write_file

RIGHT = Measured(versions=range(1, 20), types=("int8",), ranks=("2",))


def scaled(path: Path, after: float) -> Path:
    """A reshaping of int8 data of scale 0.05."""
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data((1, 8), "int8", scale=0.05),
        "to": np.array([2, 4], np.int32),
        "y": Data((2, 4), "int8", scale=after),
    }
    step = Step("RESHAPE", ["x", "to"], ["y"], "ReshapeOptions", {"newShape": [2, 4]})
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


@pytest.mark.parametrize("target", ["cpu", "litert", "gpu"])
@pytest.mark.parametrize(
    ("after", "known", "why"),
    [
        (0.05, RIGHT, ""),
        (0.09, RIGHT, "It was not measured with another scale after than before."),
        (
            0.05,
            Measured(versions=RIGHT.versions, types=("int8",), ranks=("2",), unsure=("int8",)),
            "With int8, some measured files were answered right, and some were not.",
        ),
    ],
)
def test_what_is_not_known_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    after: float,
    known: Measured,
    why: str,
) -> None:
    monkeypatch.setattr(support, "measured", lambda operator, column: known)
    (verdict,) = check(scaled(tmp_path / "m.tflite", after), target).operators
    assert (verdict.verdict, verdict.reason) == ("unknown" if why else "yes", why)


def dense(path: Path, *, bias: bool, rows: int = 5) -> Path:
    values = np.random.default_rng(0).integers(-100, 100, (9, 3))
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data((1, rows, 3), "int8", scale=0.05),
        "w": Data(values.shape, "int8", scale=0.01, values=values),
        "b": Data((9,), "int32", scale=0.0005, values=np.zeros(9)),
        "y": Data((1, rows, 9), "int8", scale=0.1),
    }
    step = Step(
        "FULLY_CONNECTED", ["x", "w", "b"][: 2 + bias], ["y"], "FullyConnectedOptions",
        {"keepNumDims": True}, version=6,
    )  # fmt: skip
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


@pytest.mark.parametrize("bias", [False, True])
def test_a_dense_layer_without_a_bias_is_refused_for_a_board(tmp_path: Path, bias: bool) -> None:
    path = dense(tmp_path / "m.tflite", bias=bias)
    found = check(path, "raspberry-pi")
    assert found.ok == bias
    assert ("without a bias" in found.operators[0].reason) == (not bias)
    assert check(path, "cpu").ok
    assert check(dense(path, bias=bias, rows=1), "raspberry-pi").ok
