"""Examples are independent: what an operator remembers of one must not reach the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.converters.tflite import converter
from edgekit.core import registry
from edgekit.running.session import open_session
from edgekit.tflite.reader import read

pytestmark = pytest.mark.slow

WRITE_FUSED_LSTM = """
import sys, tf_keras
from pathlib import Path
from edgekit.source_model.export import export, signature_of
steps = tf_keras.Input((5, 3), batch_size=1, name="steps")
model = tf_keras.Model(steps, tf_keras.layers.LSTM(4, name="memory")(steps))
export(model, Path(sys.argv[1]), signature_of(model))
"""


@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime"])
def test_a_fused_lstm_forgets_between_examples(tmp_path: Path, runtime: str) -> None:
    if reason := registry.get("runtimes", runtime).missing():
        pytest.skip(reason)
    source, file = tmp_path / "saved_model", tmp_path / "model.tflite"
    subprocess.run([sys.executable, "-c", WRITE_FUSED_LSTM, source], check=True)
    converter.convert(source, file, precision="float32")
    names = [operator.name for operator in read(file).main.operators]
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in names
    steps = np.tile(np.random.default_rng(0).random((1, 5, 3), np.float32), (3, 1, 1))
    with open_session(file, runtime=runtime) as session:
        (answers,) = session({"steps": steps}).values()
    np.testing.assert_array_equal(answers, np.tile(answers[:1], (3, 1)))
