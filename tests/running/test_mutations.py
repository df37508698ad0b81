"""Ten models, each converted rightly and then spoiled in six ways: every spoiled file is caught."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit.conversion.writing import write
from edgekit.core.errors import ModelRefused
from edgekit.core.types import Array, Batch
from edgekit.core.variant import Precision
from edgekit.intake.options import Options
from edgekit.running.judgement import judge
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.editing import pack, unpack
from tests.support import judged_models

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
]


@pytest.fixture(scope="module", params=judged_models.MODELS, ids=lambda make: make.__name__)
def source(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Return a model file and calibration data for it."""
    folder = tmp_path_factory.mktemp("model")
    model, examples = request.param()
    model.save(folder / "model.keras")
    np.savez(folder / "examples.npz", **examples)
    return folder / "model.keras", folder / "examples.npz"


@pytest.fixture(scope="module", params=["float32", "int8"])
def converted(
    request: pytest.FixtureRequest, source: tuple[Path, Path]
) -> tuple[Precision, Path, tuple[Batch, Batch]]:
    """Return precision, file and golden vectors of a right conversion."""
    model, examples = source
    file, vectors = model.with_name(f"{request.param}.tflite"), model.with_name("vectors.npz")
    options = Options(io="float") if request.param == "int8" else Options()
    write(model, file, request.param, examples, options, vectors)
    return request.param, file, read_vectors(vectors)


def problem(file: Path, precision: str, vectors: tuple[Batch, Batch]) -> str:
    """Return what is wrong with a file; that the runtime refuses it is wrong enough."""
    try:
        with open_session(file, runtime="litert") as session:
            answers = session(vectors[0])
            found = judge(vectors[1], answers, precision=precision, steps=session.steps)
    except ModelRefused as error:
        return str(error)
    return found.problem


def test_a_right_file_is_right(
    converted: tuple[Precision, Path, tuple[Batch, Batch]],
) -> None:
    precision, file, vectors = converted
    assert problem(file, precision, vectors) == ""


class Head:
    """The last layer with weights of an unpacked file, and what may be done to it."""

    def __init__(self, model: schema.ModelT, answers: Array) -> None:
        self.model = model
        self.channel = int(answers.reshape(-1, answers.shape[-1]).mean(0).argmax())
        """That says most: of two hundred classes, most are never chosen."""
        self.graph = model.subgraphs[0]
        kinds = schema.BuiltinOperator
        dense = (kinds.FULLY_CONNECTED, kinds.CONV_2D)
        layers = [
            operator
            for operator in self.graph.operators
            if model.operatorCodes[operator.opcodeIndex].builtinCode in dense
        ]
        self.layer = layers[-1]

    def tensor(self, position: int) -> schema.TensorT:
        return self.graph.tensors[self.layer.inputs[position]]

    def values(self, position: int) -> Array:
        """Return an input's constant as numbers that may be changed in place."""
        tensor = self.tensor(position)
        dtype = {0: np.float32, 9: np.int8, 2: np.int32}[tensor.type]
        buffer = self.model.buffers[tensor.buffer]
        buffer.data = np.array(buffer.data, np.uint8)
        return np.asarray(buffer.data.view(dtype)).reshape(tensor.shape)


def scale_a_channel(head: Head) -> None:
    quantization = head.tensor(1).quantization
    if quantization is not None and quantization.scale is not None and len(quantization.scale):
        quantization.scale = np.array(quantization.scale, np.float32)
        quantization.scale[head.channel % len(quantization.scale)] *= 3
        bias = head.tensor(2).quantization
        bias.scale = np.array(bias.scale, np.float32)
        bias.scale[head.channel % len(bias.scale)] *= 3
    else:
        head.values(1)[head.channel] *= 3
        head.values(2)[head.channel] *= 3


def zero_the_head(head: Head) -> None:
    head.values(1)[...] = 0


def drop_the_bias(head: Head) -> None:
    head.values(2)[...] = 0


def saturate(head: Head) -> None:
    """Let the activations before the last layer end at a tenth of what they were."""
    weights = head.values(1)
    if weights.dtype == np.int8:
        head.tensor(0).quantization.scale = np.array(head.tensor(0).quantization.scale) / 10
    else:
        weights[...] = weights / 10


CHANGES: tuple[Callable[[Head], None], ...] = (
    scale_a_channel, zero_the_head, drop_the_bias, saturate,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_spoiled_file_is_caught(
    converted: tuple[Precision, Path, tuple[Batch, Batch]], change: Callable[[Head], None]
) -> None:
    precision, file, vectors = converted
    model = unpack(file.read_bytes())
    change(Head(model, next(iter(vectors[1].values()))))
    spoiled = file.with_name(f"{change.__name__}.tflite")
    spoiled.write_bytes(pack(model))
    assert problem(spoiled, precision, vectors)


def test_references_of_other_examples_are_caught(
    converted: tuple[Precision, Path, tuple[Batch, Batch]],
) -> None:
    precision, file, (inputs, outputs) = converted
    moved = {}
    for name, array in outputs.items():
        some = np.arange(len(array)) % 5 < 3  # three of five answer another question
        moved[name] = array.copy()
        moved[name][some] = np.roll(array[some], 1, axis=0)
    assert problem(file, precision, (inputs, moved))


def test_swapped_outputs_are_caught(
    converted: tuple[Precision, Path, tuple[Batch, Batch]],
) -> None:
    precision, file, (inputs, outputs) = converted
    names = list(outputs)
    if len(names) > 1 and outputs[names[0]].shape == outputs[names[1]].shape:
        swapped = {names[0]: outputs[names[1]], names[1]: outputs[names[0]]}
    else:  # of one output, swap its channels
        swapped = {name: np.roll(array, 1, axis=-1) for name, array in outputs.items()}
        if all(array.shape[-1] == 1 for array in outputs.values()):
            swapped = {name: 1 - array for name, array in outputs.items()}
    assert problem(file, precision, (inputs, swapped))
