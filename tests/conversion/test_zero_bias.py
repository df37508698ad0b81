"""Dense layers without a bias run in int8 on ARM too, where tflite-runtime needs one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converters.tflite import convert
from edgekit.core import registry
from edgekit.intake.options import Options
from edgekit.running.session import open_session
from edgekit.tflite.reader import read
from tests.support import strangers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from keras import layers

    folder = tmp_path_factory.mktemp("dense")
    model = strangers.chain((6, 16), layers.Dense(8, use_bias=False, name="dense"))
    strangers.saved(model, folder / "m.keras")
    made = convert(
        folder / "m.keras", folder / "m.tflite", precision="int8", calibration=folder / "m.npz"
    )
    return made.path


def test_every_dense_layer_has_a_bias(file: Path) -> None:
    (dense,) = (op for op in read(file).main.operators if op.name == "FULLY_CONNECTED")
    bias = read(file).main.tensors[dense.inputs[2]]
    assert (bias.dtype, bias.shape, bias.is_constant) == ("int32", (8,), True)


def test_the_steps_of_a_layer_share_a_bias(tmp_path: Path) -> None:
    from keras import layers

    source, data = tmp_path / "m.keras", tmp_path / "m.npz"
    strangers.saved(strangers.chain((6, 4), layers.SimpleRNN(5)), source)
    out, options = tmp_path / "m.tflite", Options(recurrent="fast")
    made = convert(source, out, precision="int8", calibration=data, options=options)
    graph = read(made.path).main
    dense = [op for op in graph.operators if op.name == "FULLY_CONNECTED"]
    stored = {op.inputs[2]: graph.tensors[op.inputs[2]].stored for op in dense}
    biases = [index for index, values in stored.items() if values and not any(bytes(values))]
    assert (len(dense), len(biases)) == (6, 2)  # what is read, once, and five times the memory


@pytest.mark.device
@pytest.mark.parametrize(
    ("runtime", "device"),
    [("litert", "local"), ("tflite-runtime", "local"), ("tflite-runtime", "raspberry-pi")],
)
def test_it_answers_the_same_everywhere(file: Path, runtime: str, device: str) -> None:
    if reason := registry.get("devices", device).missing():
        pytest.skip(reason)
    with np.load(file.with_suffix(".npz")) as stored:
        batch = dict(stored)
    (given,) = batch.values()
    kernel = kernel_of(file)
    with open_session(file, runtime=runtime, device=device) as session:
        (found,) = session(batch).values()
    np.testing.assert_allclose(found, given @ kernel, atol=0.1)


def kernel_of(file: Path) -> np.ndarray:
    from edgekit.source_model.interface import SavedModel
    from edgekit.source_model.loading import load_model

    model = load_model(file.with_suffix(".keras"))
    assert not isinstance(model, SavedModel)
    (kernel,) = model.get_layer("dense").get_weights()
    return np.asarray(kernel)
