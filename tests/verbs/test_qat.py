"""`inspect --qat` says before training which layers of a model or recipe are rounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edgekit.bridge.own.registering import REGISTERED
from edgekit.cli import app
from edgekit.core.errors import BadInput
from edgekit.verbs.qat import layers as verb
from edgekit.verbs.qat.layers import qat_layers

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore")  # Keras warns of itself when it saves

OWN = """
import keras
import edgekit

@keras.saving.register_keras_serializable()
class Scaled(keras.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1],), name="kernel")

    def call(self, x):
        return x * self.kernel

{registered}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A model with a layer of its own, and that layer's code."""
    code, model = tmp_path / "own.py", tmp_path / "own.keras"
    code.write_text(OWN.format(registered="edgekit.register_qat(Scaled, weights=['kernel'])"))
    space: dict[str, Any] = {"__name__": "own"}
    exec(OWN.format(registered=""), space)
    x = keras.Input((8,), name="x")
    keras.Model(x, keras.layers.Dense(2, name="d")(space["Scaled"](name="s")(x))).save(model)
    return model, code


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run what a child process would run here: starting TensorFlow anew takes seconds."""

    class Here:
        def __init__(self, **_: object) -> None:
            pass

        def call(self, function: Any, *args: Any) -> Any:
            return function(*args)

    monkeypatch.setattr(verb, "Child", Here)
    known = dict(keras.saving.get_custom_objects())
    yield
    REGISTERED.clear()
    keras.saving.get_custom_objects().clear()
    keras.saving.get_custom_objects().update(known)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["inspect", *map(str, arguments), "--qat"])


def test_a_file_with_layers_of_its_own_is_listed(files: tuple[Path, Path]) -> None:
    model, code = files
    ran = run(model, "--custom", code, "--json")
    assert ran.exit_code == 0
    rows = json.loads(ran.stdout)["layers"]
    assert [(row["name"], row["by"], row["rounded"]) for row in rows] == [
        ("s", "edgekit", ["kernel", "output"]),
        ("d", "tfmot", ["kernel", "output"]),
    ]
    table = run(model, "--custom", code).stdout
    assert "2 of 2 are rounded in training" in table


def test_a_layer_that_stops_training_gives_exit_code_one(files: tuple[Path, Path]) -> None:
    model, code = files
    code.write_text(OWN.format(registered="").replace("Scaled", "Plain"))
    x = keras.Input((8,), name="x")
    space: dict[str, Any] = {"__name__": "own"}
    exec(code.read_text(), space)
    keras.Model(x, space["Plain"](name="p")(x)).save(model)
    ran = run(model, "--custom", code)
    assert ran.exit_code == 1
    assert "stops training" in ran.stdout
    assert "edgekit.register_qat" in ran.stdout


def test_the_model_of_a_recipe_is_listed() -> None:
    ran = run("image_autoencoder")
    assert ran.exit_code == 0
    assert "tfmot" in ran.stdout


def test_a_converted_file_and_a_live_model_with_code_are_refused() -> None:
    with pytest.raises(BadInput, match="converted already"):
        qat_layers("model.tflite")
    with pytest.raises(BadInput, match="Leave it out"):
        qat_layers(keras.Sequential([keras.Input((2,))]), custom="own.py")
