"""Sums of two computed tensors are added as they are, which the GPU accelerator needs in int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit.conversion.correcting.leading_ones import keep_leading_ones
from edgekit.converters.tflite import convert
from edgekit.core import registry
from edgekit.running.session import open_session
from edgekit.tflite.reader import read
from tests.support import strangers


def model_of(*shapes: tuple[int, ...], adds: tuple[int, int], reads: int = -1) -> schema.ModelT:
    """Return tensors of these shapes; 1 is reshaped to 2, and two of them are added to the last."""
    graph, model = schema.SubGraphT(), schema.ModelT()
    graph.tensors = []
    for shape in shapes:
        tensor = schema.TensorT()
        tensor.shape, tensor.type = list(shape), schema.TensorType.INT8
        graph.tensors.append(tensor)
    codes = []
    for code in (schema.BuiltinOperator.RESHAPE, schema.BuiltinOperator.ADD):
        codes.append(schema.OperatorCodeT())
        codes[-1].builtinCode = codes[-1].deprecatedBuiltinCode = code
    reshape, add = schema.OperatorT(), schema.OperatorT()
    reshape.opcodeIndex, reshape.inputs, reshape.outputs = 0, [1], [2]
    add.opcodeIndex, add.inputs, add.outputs = 1, list(adds), [len(shapes) - 1]
    graph.operators, graph.inputs = [reshape, add], [0, 1]
    graph.outputs = [len(shapes) - 1, *([reads] if reads >= 0 else [])]
    model.operatorCodes, model.subgraphs = codes, [graph]
    return model


def test_what_was_copied_is_added() -> None:
    model = model_of((1, 4), (1, 4), (4,), (1, 4), adds=(0, 2))
    assert keep_leading_ones(schema, model)
    (add,) = model.subgraphs[0].operators
    assert list(add.inputs) == [0, 1]
    assert not keep_leading_ones(schema, model)


def test_a_copy_that_is_an_answer_stays() -> None:
    model = model_of((1, 4), (1, 4), (4,), (1, 4), adds=(2, 0), reads=2)
    assert keep_leading_ones(schema, model)
    reshape, add = model.subgraphs[0].operators
    assert (list(reshape.outputs), list(add.inputs)) == ([2], [1, 0])


@pytest.mark.parametrize(
    ("shapes", "adds"),
    [
        (((4,), (1, 4), (4,), (4,)), (0, 2)),  # the sum would get an axis more
        (((2, 2), (1, 4), (2, 2), (2, 2)), (0, 2)),  # other axes
        (((1, 4), (4, 1), (4,), (1, 4)), (0, 2)),  # the one is behind
    ],
)
def test_other_shapes_stay(shapes: tuple[tuple[int, ...], ...], adds: tuple[int, int]) -> None:
    model = model_of(*shapes, adds=adds)
    assert not keep_leading_ones(schema, model)
    assert len(model.subgraphs[0].operators) == 2


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("residual")
    given = keras.Input((34,), name="x")
    first = keras.layers.Dense(32, name="first")(given)
    second = keras.layers.Dense(32, activation="relu", name="second")(first)
    model = keras.Model(given, keras.layers.Add(name="sum")([first, second]))
    strangers.saved(model, folder / "m.keras")
    made = convert(
        folder / "m.keras", folder / "m.tflite", precision="int8", calibration=folder / "m.npz"
    )
    return made.path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_residual_sum_has_no_copy(residual: Path) -> None:
    names = [op.name for op in read(residual).main.operators]
    assert names == ["FULLY_CONNECTED", "FULLY_CONNECTED", "ADD"]


@pytest.mark.slow
@pytest.mark.device
@pytest.mark.filterwarnings("ignore")
def test_the_gpu_accelerator_answers_as_the_processor(residual: Path) -> None:
    if missing := registry.get("runtimes", "litert-gpu").missing():
        pytest.skip(missing)
    x = {"x": np.random.default_rng(0).standard_normal((4, 34)).astype(np.float32)}
    with open_session(residual, runtime="litert") as run:
        expected = run(x)
    with open_session(residual, runtime="litert-gpu") as run:
        answers = run(x)
    np.testing.assert_allclose(answers["sum"], expected["sum"], atol=0.05)
