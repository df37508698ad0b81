"""A user's own model: converted, run, compared with its source, or refused with a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import processes
from edgekit.core.errors import BadData, BadInput, BadModelFile, NotFound, Unavailable
from edgekit.core.variant import PRECISIONS, Precision
from edgekit.intake.options import Io, read_noted
from edgekit.operators.speed import slow_here
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.reference import NUM_EXAMPLES, judged_examples
from edgekit.tflite.reader import read
from edgekit.tflite.sidecar import read_sidecar
from edgekit.verbs.convert import convert
from edgekit.verbs.verify import find_vectors, precision_of, vectors_path, verify

pytestmark = pytest.mark.slow

WRITE_MODELS = """
import sys, keras
from pathlib import Path
folder = Path(sys.argv[1])
keras.utils.set_random_seed(0)
image = keras.Input((16, 16, 3), name="photo")
x = keras.layers.Conv2D(8, 3, padding="same")(image)
x = keras.layers.BatchNormalization()(x)
left = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
right = keras.layers.Conv2D(8, 1, activation="swish")(x)
x = keras.layers.Concatenate()([left, right])
x = keras.layers.Dropout(0.3)(keras.layers.GlobalAveragePooling2D()(x))
x = keras.layers.Dense(16, activation="relu")(x)
answer = keras.layers.Dense(5, activation="softmax", name="kind")(x)
size = keras.layers.Dense(1, name="size")(x)
keras.Model(image, [answer, size]).save(folder / "branches.keras")

vector = keras.Input((4,), name="vector")
x = keras.ops.erfinv(keras.layers.Dense(4)(vector))
keras.Model(vector, keras.layers.Dense(2)(x)).save(folder / "erfinv.keras")

x = keras.ops.cumsum(keras.layers.Dense(4)(vector), axis=1)
keras.Model(vector, keras.layers.Dense(2)(x)).save(folder / "scan.keras")
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-c", WRITE_MODELS, folder], check=True, capture_output=True)
    random = np.random.default_rng(0)  # each photo has colours of its own, so that answers differ
    photos = random.random((100, 16, 16, 3), np.float32) * random.random((100, 1, 1, 3), np.float32)
    np.savez(folder / "photos.npz", photo=photos)
    np.savez(folder / "scan.npz", vector=photos[:, 0, 0, :2].repeat(2, axis=1))
    return folder


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_strangers_model_verifies_in_every_precision(
    models: Path, tmp_path: Path, precision: Precision
) -> None:
    out = tmp_path / "out.tflite"
    result = convert(
        models / "branches.keras", out, precision=precision, calibration=models / "photos.npz"
    )
    assert result.ok
    measured = [proof for proof in result.proofs if proof.status == "measured"]
    assert measured
    assert all(proof.cosine is not None and proof.cosine > 0.99 for proof in measured)
    assert any("batch" in note.lower() for note in result.notes)
    assert read(out).main.tensors[read(out).main.inputs[0]].shape[0] == 1
    assert read_sidecar(out.with_suffix(".json")).precision == precision
    assert precision_of(out) == precision
    assert find_vectors(out) is not None
    assert all(proof.ok for proof in verify(out, runtime="litert"))


@pytest.mark.parametrize("calibration", ["photos.npz", None])
def test_tensorflow_starts_once(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibration: str | None
) -> None:
    started: list[str] = []
    start = processes.start

    def counting(arguments: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(" ".join(arguments))
        return start(arguments, **options)

    monkeypatch.setattr(processes, "start", counting)
    given = models / calibration if calibration else None
    convert(models / "branches.keras", tmp_path / "out.tflite", calibration=given)
    assert sum("child_process" in arguments for arguments in started) == 1
    inputs, _ = read_vectors(vectors_path(tmp_path / "out.tflite"))
    if given:
        with np.load(given) as photos:
            chosen = judged_examples(len(photos["photo"]))
            np.testing.assert_array_equal(inputs["photo"], photos["photo"][chosen])
    else:
        assert len(inputs["photo"]) == NUM_EXAMPLES


@pytest.mark.parametrize(
    ("io", "dtype"), [(None, "int8"), ("uint8", "uint8"), ("float", "float32")]
)
def test_int8_has_the_interface_asked_for(
    models: Path, tmp_path: Path, io: Io | None, dtype: str
) -> None:
    out = tmp_path / "out.tflite"
    convert(
        models / "branches.keras",
        out,
        precision="int8",
        calibration=models / "photos.npz",
        io=io,
    )
    main = read(out).main
    assert {main.tensors[index].dtype for index in (*main.inputs, *main.outputs)} == {dtype}


def test_a_layer_that_tflite_lacks_is_named_and_the_exit_code_is_2(
    models: Path, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "edgekit", "convert", models / "erfinv.keras", "--out",
         tmp_path / "out.tflite", "--json"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "layer 'erfinv'" in json.loads(ran.stdout)["error"]["message"]
    assert list(tmp_path.iterdir()) == []


def test_an_artifact_out_of_limits_does_not_get_its_name(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from edgekit.running.limits import LIMITS

    strict = replace(LIMITS["int8"], error=0.0, lost=0.0)
    monkeypatch.setitem(LIMITS, "int8", strict)
    out = tmp_path / "out.tflite"
    result = convert(
        models / "branches.keras", out, precision="int8", calibration=models / "photos.npz"
    )
    assert not result.ok
    assert not out.exists()
    assert result.artifact.path.name == "out.tflite.rejected"
    assert result.artifact.path.exists()


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"precision": "int8"}, BadInput, "calibration"),
        ({"precision": "int4"}, BadInput, "allowed are float32"),
        ({"target": "moon"}, NotFound, "no target 'moon'"),
        ({"precision": "int8", "io": "int4"}, BadInput, "allowed are int8, uint8, float"),
        ({"precision": "int16x8", "io": "uint8"}, BadInput, "only int8 files have a choice"),
        ({"io": "float"}, BadInput, "only int8 and int16x8 files have a choice"),
        ({"target": "edgetpu"}, Unavailable, "edgetpu"),
    ],
)
def test_a_bad_request_says_what_to_do(
    models: Path,
    tmp_path: Path,
    arguments: dict[str, str],
    error: type[Exception],
    sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        convert(models / "branches.keras", tmp_path / "out.tflite", **arguments)  # type: ignore[call-overload]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_calibration_data_are_refused_before_they_crash_the_calibrator(
    models: Path, tmp_path: Path, value: float
) -> None:
    photos = np.zeros((4, 16, 16, 3), np.float32)
    photos[2, 3, 4, 1] = value
    np.savez(tmp_path / "bad.npz", photo=photos)
    with pytest.raises(BadData, match="photo"):
        convert(
            models / "branches.keras",
            tmp_path / "out.tflite",
            precision="int8",
            calibration=tmp_path / "bad.npz",
        )
    assert not (tmp_path / "out.tflite").exists()


def test_several_precisions_share_one_load_and_one_reference(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    start = processes.start

    def counting(arguments: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(" ".join(arguments))
        return start(arguments, **options)

    monkeypatch.setattr(processes, "start", counting)
    result = convert(
        models / "branches.keras",
        tmp_path / "out.tflite",
        precision=["float32", "int8"],
        calibration=models / "photos.npz",
        io="uint8",
    )
    assert result.ok
    assert sum("child_process" in arguments for arguments in started) == 1
    assert [each.artifact.path.name for each in result.done] == [
        "out.float32.tflite",
        "out.int8.tflite",
    ]
    mains = [read(each.artifact.path).main for each in result.done]
    assert [main.tensors[main.inputs[0]].dtype for main in mains] == ["float32", "uint8"]
    judged = [any("Judged on" in note for note in each.notes) for each in result.done]
    assert judged == [False, True]  # calibration concerns int8 alone
    for name in ("float32", "int8"):
        file = tmp_path / f"out.{name}.tflite"
        assert precision_of(file) == name
        assert find_vectors(file) == tmp_path / f"out.{name}.vectors.npz"


def test_a_refused_precision_does_not_stop_the_others(models: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "edgekit", "convert", models / "scan.keras", "--json",
         "--out", tmp_path / "out.tflite", "--calibration", models / "scan.npz",
         "--precision", "int16x8", "--precision", "float32"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 2, ran.stderr
    answer = json.loads(ran.stdout)
    assert not answer["ok"]
    assert list(answer["refused"]) == ["int16x8"]
    assert "layer 'cumsum'" in answer["refused"]["int16x8"]
    assert [Path(each["file"]).name for each in answer["conversions"]] == ["out.float32.tflite"]
    assert answer["conversions"][0]["ok"]


def test_a_model_in_memory_converts(tmp_path: Path) -> None:
    from tests.support import strangers

    result = convert(strangers.sequential(), tmp_path / "out.tflite")
    assert result.ok
    assert find_vectors(tmp_path / "out.tflite") is not None


def test_int8_says_where_it_is_slower(models: Path, tmp_path: Path) -> None:
    result = convert(
        models / "branches.keras",
        tmp_path / "out.tflite",
        precision="int8",
        calibration=models / "photos.npz",
        io="float",
    )
    ran = [proof.runtime for proof in result.proofs if proof.status == "measured"]
    expected = slow_here("int8", ran)
    assert result.notes[len(result.notes) - len(expected) :] == expected
    assert slow_here("float32", ran) == slow_here("int8", ["litert"]) == ()


def test_shapes_and_code_reach_the_child(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import keras\n"
        "@keras.saving.register_keras_serializable('mine')\n"
        "class Twice(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return x * 2\n"
    )
    write = (
        "import sys, keras; sys.path.insert(0, sys.argv[1]); from own import Twice\n"
        "x = keras.Input((None, None, 3), name='image')\n"
        "y = keras.layers.GlobalAveragePooling2D()(Twice()(keras.layers.Conv2D(4, 3)(x)))\n"
        "keras.Model(x, y).save(sys.argv[1] + '/m.keras')\n"
    )
    subprocess.run([sys.executable, "-c", write, tmp_path], check=True, capture_output=True)
    ran = subprocess.run(
        [sys.executable, "-m", "edgekit", "convert", tmp_path / "m.keras", "--json",
         "--out", tmp_path / "out.tflite", "--custom", tmp_path / "own.py",
         "--shape", "image=1,8,8,3"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (image,) = read(tmp_path / "out.tflite").main.inputs
    assert read(tmp_path / "out.tflite").main.tensors[image].shape == (1, 8, 8, 3)


@pytest.mark.device
def test_tensorflows_own_operators_are_verified_by_tensorflow(tmp_path: Path) -> None:
    import keras

    from edgekit.core import registry
    from tests.support import strangers

    if missing := registry.get("runtimes", "tensorflow").missing():
        pytest.skip(missing)
    model = strangers.chain((8, 8, 2), keras.layers.UpSampling2D(2, interpolation="bicubic"))
    path, out = strangers.saved(model, tmp_path / "m.keras"), tmp_path / "out.tflite"
    result = convert(path, out, select_ops=True)
    assert result.ok
    assert [proof.runtime for proof in result.proofs] == ["tensorflow"]
    assert any("will not run on tflite-runtime" in note for note in result.notes)
    assert all(proof.ok for proof in verify(out, runtime="tensorflow"))
    with pytest.raises(BadModelFile, match="Run it with --runtime tensorflow"):
        verify(out)


def test_select_operators_and_a_target_do_not_go_together(models: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no target runs them"):
        convert(models / "erfinv.keras", tmp_path / "out.tflite", target="cpu", select_ops=True)


def test_a_precision_with_options_is_a_file_of_its_own(models: Path, tmp_path: Path) -> None:
    out, calibration = tmp_path / "out.tflite", models / "photos.npz"
    asked = ["int8", "int8,examples=2e1,percentile=99.9"]
    both = convert(models / "branches.keras", out, precision=asked, calibration=calibration)
    names = ["out.int8.tflite", "out.int8,percentile=99.9,examples=20.tflite"]
    assert [each.artifact.path.name for each in both.done] == names
    told = [read_noted(each.artifact.made_by.get("options", "")) for each in both.done]
    assert [str(each.quantization) for each in told] == ["", "percentile=99.9,examples=20"]
    assert both.done[1].artifact.made_by["calibration"].startswith("20 of ")
    assert both.done[1].artifact.precision == "int8"
