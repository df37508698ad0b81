"""Inputs and outputs go by the names that the user gives them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import convert, verify
from edgekit.core.errors import BadInput
from edgekit.intake.model import load
from edgekit.intake.names import parse_names, with_names
from edgekit.running.session import open_session
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import read_vectors, write_arrays
from edgekit.source_model.interface import SourceModel
from edgekit.source_model.reference import run_model
from edgekit.tflite.reader import ports, read
from tests.support.paths import GOLDEN

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

VALUES = np.random.default_rng(0).normal(0, 1, (40, 4)).astype(np.float32)


def two_of_each(library: str = "keras") -> Any:
    """Two inputs, two outputs; the second output is the sum of the inputs."""
    keras = importlib.import_module(library)
    keras.utils.set_random_seed(1)
    left, right = (keras.Input((4,), name=name) for name in ("left", "right"))
    scores = keras.layers.Dense(2, name="scores")(left)
    return keras.Model([left, right], [scores, keras.layers.Add(name="total")([left, right])])


def names(model: SourceModel) -> tuple[list[str], list[str]]:
    signature = signature_of(model)
    return [t.name for t in signature.inputs], [t.name for t in signature.outputs]


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_names_are_given_and_orders_kept(library: str) -> None:
    model = with_names(two_of_each(library), {"right": "b", "scores": "z"})
    assert names(model) == (["left", "b"], ["z", "total"])
    answers = run_model(model, {"left": VALUES, "b": VALUES})
    np.testing.assert_allclose(answers["total"], 2 * VALUES)


def test_names_can_be_exchanged() -> None:
    model = with_names(two_of_each(), {"scores": "total", "total": "scores"})
    assert names(model) == (["left", "right"], ["total", "scores"])
    answers = run_model(model, {"left": VALUES, "right": VALUES})
    np.testing.assert_allclose(answers["scores"], 2 * VALUES)


def test_a_savedmodels_numbers_become_names(tmp_path: Path) -> None:
    two_of_each().export(tmp_path / "saved", verbose=False)
    plain, _ = load(tmp_path / "saved")
    old = names(plain)[1]
    model, _ = load(tmp_path / "saved", names=dict(zip(old, ("scores", "sum"), strict=True)))
    assert names(model)[1] == ["scores", "sum"]


def test_the_file_and_its_golden_vectors_have_them(tmp_path: Path) -> None:
    model = two_of_each()
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "given.npz", first=VALUES, right=VALUES)
    out = tmp_path / "m.tflite"
    done = convert(
        tmp_path / "m.keras",
        out,
        precision="int8",
        names={"left": "first", "total": "sum"},
        calibration=tmp_path / "given.npz",
    )
    assert done.ok
    inputs, outputs = ports(read(out))
    assert [port.name for port in inputs] == ["first", "right"]
    assert [port.name for port in outputs] == ["scores", "sum"]
    given, expected = read_vectors(out.with_suffix(".vectors.npz"))
    assert sorted(given) == ["first", "right"]
    np.testing.assert_allclose(expected["sum"], 2 * VALUES)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lefd": "a"}, r"gives 'lefd' a new name; .* inputs 'left', 'right'; outputs 'scores'"),
        ({"left": "right"}, r"calls two inputs 'right'; .* a name of its own"),
        ({"scores": "s", "total": "s"}, "calls two outputs 's'"),
        ({"left": ""}, "the name ''; letters, digits"),
        ({"left": "a b"}, r"the name 'a b'; letters, digits and \. _ - are allowed"),
        ({"left": "größe"}, "letters, digits"),
        ({"left": "class"}, "no Python keyword"),
        ({"left": "a/b"}, "letters, digits"),
    ],
)
def test_a_name_that_cannot_be_given_is_a_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        with_names(two_of_each(), given)


def test_golden_vectors_may_call_a_lone_input_and_output_otherwise(tmp_path: Path) -> None:
    file = GOLDEN / "float32.tflite"
    image = np.random.default_rng(0).random((40, 8, 8, 1), np.float32)
    with open_session(file, runtime="litert") as session:
        (answer,) = session({"image": image}).values()
    write_arrays(tmp_path / "v.npz", {"foto": image}, {"antwort": answer})
    (proof,) = verify(file, runtime="litert", vectors=tmp_path / "v.npz")
    assert proof.ok


def test_names_are_read_from_text() -> None:
    assert parse_names(["a=b", "c/d=e"]) == {"a": "b", "c/d": "e"}
    for wrong in ("a", "a=", "=b", ""):
        with pytest.raises(BadInput, match="write the model's own name and the new one"):
            parse_names([wrong])
    with pytest.raises(BadInput, match="gives 'a' two names, 'b' and 'c'"):
        parse_names(["a=b", "a=c"])
