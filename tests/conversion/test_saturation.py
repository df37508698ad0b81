"""Products of two computed int8 tensors are right on processors that add them in 16 bits too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.correcting import corrections
from edgekit.conversion.writing import write
from edgekit.converters.tflite import convert
from edgekit.core import registry
from edgekit.core.variant import Precision
from edgekit.intake.options import Options
from edgekit.running.session import open_session
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from tests.support import strangers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
]


def saturated_attention() -> Any:
    """Attention over vectors of -1 and 1, which in int8 are -128 and 127."""
    import keras
    from keras import layers, ops

    given = keras.Input((24, 32), name="given")
    memory = layers.Activation("tanh")(20.0 * given)
    scores = ops.matmul(memory, ops.transpose(memory, (0, 2, 1))) / 16
    return keras.Model(given, ops.matmul(ops.softmax(scores), memory))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("attention")
    strangers.saved(saturated_attention(), folder / "m.keras")
    made: dict[str, Path] = {}
    precisions: tuple[Precision, ...] = ("float32", "int8")
    for precision in precisions:
        made[precision] = convert(
            folder / "m.keras",
            folder / f"{precision}.tflite",
            precision=precision,
            calibration=folder / "m.npz" if precision == "int8" else None,
        ).path
    return made


def test_one_side_of_each_product_is_bounded(files: dict[str, Path]) -> None:
    kinds = {
        name: [op.name for op in read(path).subgraphs[0].operators] for name, path in files.items()
    }
    assert kinds["int8"].count("BATCH_MATMUL") == kinds["int8"].count("MAXIMUM") == 2
    assert "MAXIMUM" not in kinds["float32"]


@pytest.mark.device
@pytest.mark.parametrize("device", ["local", "raspberry-pi"])
def test_attention_over_bounds_is_right(files: dict[str, Path], device: str) -> None:
    if reason := registry.get("devices", device).missing():
        pytest.skip(reason)
    given = np.random.default_rng(1).normal(size=(8, 24, 32)).astype(np.float32)
    with open_session(files["float32"], runtime="litert") as session:
        (expected,) = session({"given": given}).values()
    with open_session(files["int8"], runtime="tflite-runtime", device=device) as session:
        (found,) = session({"given": given}).values()
    np.testing.assert_allclose(found, expected, atol=0.15)


def test_a_check_tells_files_that_are_wrong_there(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(files["int8"], "raspberry-pi").ok
    monkeypatch.setattr(corrections, "CORRECTIONS", ())
    source = files["int8"].with_name("m.keras")
    bare = tmp_path / "bare.tflite"
    write(source, bare, "int8", source.with_suffix(".npz"), Options(io="float"))
    found = check(bare, "raspberry-pi")
    wrong = [each.name for each in found.operators if each.verdict == "no"]
    assert not found.ok
    assert wrong == ["BATCH_MATMUL", "BATCH_MATMUL"]
    assert check(bare, "cpu").ok
