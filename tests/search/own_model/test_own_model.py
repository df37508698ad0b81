"""A user's own model is searched: real files, real runs, a command that repeats."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import FixedTrial
from typer.testing import CliRunner

import edgekit
from edgekit.cli import app
from edgekit.core.errors import BadInput, EdgekitError
from edgekit.core.paths import sha256
from edgekit.core.variant import CALIBRATED, PRECISIONS, Variant
from edgekit.search.optimizing import is_own_model
from edgekit.search.space import UNROLLED, every, parameters, suggested, ways_to_convert

# What Keras 3 does with NumPy 2 when it saves a model.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


WHOLE_NUMBERS = """
from dataclasses import replace

from edgekit.targets.litert import target as litert

target = replace(litert, precisions=("int8",))
"""


def refusal(*words: str) -> str:
    """Return the sentence with which a request is refused; nothing may be left in the folder."""
    done = CliRunner().invoke(app, ["optimize", *words])
    assert isinstance(done.exception, EdgekitError), done.output
    return str(done.exception)


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("has_recurrent", [True, False])
def test_every_way_to_convert_can_be_told_to_optuna(calibrated: bool, has_recurrent: bool) -> None:
    ways = ways_to_convert(PRECISIONS, calibrated=calibrated, has_recurrent=has_recurrent)
    space = list(every(ways))
    assert len(set(map(str, space))) == len(space)
    assert calibrated == any(variant.precision in CALIBRATED for variant in space)
    assert has_recurrent == any(UNROLLED in variant.optimizations for variant in space)
    for variant in space:
        assert Variant.parse(str(variant)) == variant
        assert suggested(FixedTrial(parameters(variant, ways)), ways) == variant  # type: ignore[arg-type]


def test_what_is_a_model_and_what_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image_cnn").mkdir()
    (tmp_path / "saved_model").mkdir()
    assert not is_own_model("image_cnn")
    assert not is_own_model("recipes/mine.py")
    assert is_own_model("saved_model")
    assert is_own_model(Path("missing.keras"))
    assert is_own_model(object())
    with pytest.raises(BadInput, match=r"is a \.tflite file already"):
        is_own_model("model.tflite")


def test_a_request_that_cannot_be_met_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "model.keras"
    model.write_bytes(b"")
    there = ["model.keras", "--target", "cpu"]
    assert "There is no 'other.keras'" in refusal("other.keras", "--target", "cpu")
    assert "There is no 'none.npz'; give examples" in refusal(*there, "--data", "none.npz")
    assert "There is no target 'toaster'" in refusal("model.keras", "--target", "toaster")
    assert "is predicted, and a search" in refusal("model.keras", "--target", "ethos-u")
    assert "edgetpu" in refusal("model.keras", "--target", "edgetpu")
    whole = tmp_path.parent / "whole_numbers.py"
    whole.write_text(WHOLE_NUMBERS)
    only_int8 = refusal("model.keras", "--target", str(whole))
    assert "takes int8, whose ranges are measured on examples" in only_int8
    assert "weights, which goes with a recipe" in refusal(*there, "--weights", "w.h5")
    assert "size full, which goes with a recipe" in refusal(*there, "--size", "full")
    assert "pixels, which goes with a model" in refusal(
        "image_cnn", "--target", "cpu", "--pixels", "0..1"
    )
    assert "pixels" in refusal(*there, "--pixels", "0..7")
    assert list(tmp_path.iterdir()) == [model]


@pytest.fixture
def classifier() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((16,), name="features"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(4, activation="softmax", name="kind"),
        ],
        name="classifier",
    )


@pytest.mark.slow
def test_a_model_with_labels_is_searched_and_the_command_makes_the_same_file(
    classifier: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    labels = np.asarray(classifier(examples)).argmax(-1)
    labels[::10] = (labels[::10] + 1) % 4  # the model is right about nine of ten
    found = edgekit.optimize(
        classifier, "cpu", data={"features": examples, "labels": labels}, minutes=0.2
    )
    assert found.ok
    assert found.metric.name == "accuracy"
    assert 85 < found.reference < 95
    assert "float32" in {each.variant for each in found.candidates}
    assert len(found.candidates) > 1
    # The net has two layers, so three cannot stay in float.
    sound = [each for each in found.candidates if each.variant != "int8,float_layers=3"]
    assert all(each.is_sound and each.latency_ms for each in sound)
    assert all(each.drop_interval and each.examples == 172 for each in sound)
    assert "no training recipe" in " ".join(found.notes)
    folder = tmp_path / "runs" / "optimize" / "classifier"
    assert json.loads((folder / "optimize.json").read_text())["model"] == found.model
    page = (folder / "optimize.html").read_text()
    assert all(f"<td>{each.variant}</td>" in page for each in found.candidates)
    kept = folder / "classifier.tflite"
    assert found.file == str(kept.relative_to(tmp_path))
    assert kept.with_suffix(".vectors.npz").is_file()

    words = shlex.split(found.command)
    assert words[:2] == ["edgekit", "convert"]
    made = CliRunner().invoke(app, words[1:])
    assert made.exit_code == 0, made.output
    assert sha256(tmp_path / "classifier.tflite") == sha256(kept)


@pytest.mark.slow
def test_recurrent_layers_are_unrolled_too_and_random_input_is_called_weak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.chdir(tmp_path)
    layers = [keras.Input((6, 3)), keras.layers.GRU(4), keras.layers.Dense(2)]
    keras.Sequential(layers).save("steps.keras")
    done = CliRunner().invoke(app, ["optimize", "steps.keras", "--target", "cpu", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    variants = [each["variant"] for each in found["candidates"]]
    assert {"float32", f"{UNROLLED}-float32", f"{UNROLLED}-dynamic_int8"} <= set(variants)
    assert not any(name.endswith(("-int8", "int16x8")) for name in variants)
    assert "weak evidence" in found["why"]
    assert "int8 and int16x8 were not tried" in " ".join(found["notes"])


@pytest.mark.slow
def test_data_of_another_shape_are_refused_and_nothing_is_left(
    classifier: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    classifier.save("classifier.keras")
    np.savez("wrong.npz", features=np.random.default_rng(0).normal(size=(40, 15)))
    sentence = refusal("classifier.keras", "--target", "cpu", "--data", "wrong.npz")
    assert "(40, 15)" in sentence
    assert "(n, 16)" in sentence
    assert not (tmp_path / "runs").exists()
