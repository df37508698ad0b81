"""The programs of a bundle, with a stand-in for the runtime: what they read, say and refuse."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgekit.core.types import Array, Batch, Run
from edgekit.on_device import answering, interpreter
from edgekit.on_device.pictures import to_pgm
from edgekit.on_device.programs import arrays, classify

LABELS = ["shoe", "coat", "bag", "hat"]


def _tensor(name: str, *shape: int) -> dict[str, object]:
    return {"name": name, "index": 0, "shape": list(shape), "dtype": "float32", "quantization": {}}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle's folder: what it says of its models, but no model."""
    models = [
        {
            "variant": variant,
            "part": "model",
            "file": f"{variant}.tflite",
            "inputs": [_tensor("image", 1, 2, 2, 1)],
            "outputs": [_tensor("scores", 1, 4)],
        }
        for variant in ("float32", "int8")
    ]
    (tmp_path / "bundle.json").write_text(json.dumps({"models": models}))
    (tmp_path / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    (tmp_path / "example.pgm").write_bytes(to_pgm(np.array([[51, 102], [0, 255]], np.uint8)))
    return tmp_path


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> list[Array]:
    """Stand in for models that give their four pixels as scores; return what they are given."""
    given: list[Array] = []

    def load(folder: Path, variant: str, **_: object) -> dict[str, Run]:
        def run(batch: Batch) -> Batch:
            given.append(batch["image"])
            return {"scores": batch["image"].reshape(-1, 4)}

        return {"model": run}

    monkeypatch.setattr(answering, "load", load)
    return given


def test_the_best_labels_come_first(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classify.main([str(bundle / "example.pgm"), "--bundle", str(bundle)])
    assert capsys.readouterr().out == "1.000  hat\n0.400  coat\n0.200  shoe\n"
    classify.main([str(bundle / "example.pgm"), "--bundle", str(bundle), "--count", "9"])
    assert capsys.readouterr().out.count("\n") == 4


def test_an_example_is_taken_from_the_bundle_wherever_one_is(
    bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = bundle / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "argv", [str(bundle / "classify.py"), "example.pgm"])
    classify.main()
    assert capsys.readouterr().out.startswith("1.000  hat\n")
    (elsewhere / "example.pgm").write_bytes(to_pgm(np.array([[255, 0], [0, 0]], np.uint8)))
    classify.main()
    assert capsys.readouterr().out.startswith("1.000  shoe\n")


def test_a_larger_picture_is_fitted(bundle: Path, runtime: list[Array]) -> None:
    np.save(bundle / "large.npy", np.kron([[0.25, 0.5], [0.75, 1.0]], np.ones((5, 5))))
    classify.main([str(bundle / "large.npy"), "--bundle", str(bundle)])
    np.testing.assert_allclose(runtime[0].ravel(), [0.25, 0.5, 0.75, 1.0], rtol=1e-6)


def test_several_pictures_are_told_apart(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classify.main(["example.pgm", "example.pgm", "--bundle", str(bundle), "--count", "1"])
    assert capsys.readouterr().out == 2 * "example.pgm:\n1.000  hat\n"


def test_labels_that_do_not_fit_are_refused(bundle: Path) -> None:
    (bundle / "labels.txt").write_text("shoe\n")
    with pytest.raises(SystemExit, match=r"gives 4 scores, and labels\.txt has 1 labels"):
        classify.main(["example.pgm", "--bundle", str(bundle)])


def test_a_file_that_is_not_there_is_named(bundle: Path) -> None:
    with pytest.raises(SystemExit, match=r"nowhere\.pgm"):
        classify.main(["nowhere.pgm", "--bundle", str(bundle)])


def test_a_variant_that_is_not_there_is_refused(bundle: Path) -> None:
    with pytest.raises(SystemExit, match="no variant 'int4' in this bundle; it has float32, int8"):
        classify.main(["example.pgm", "--bundle", str(bundle), "--variant", "int4"])


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"has no bundle.json; name the folder of a bundle"):
        interpreter.describe(tmp_path / "nowhere", "int8")


@pytest.mark.parametrize(
    ("pointer_bytes", "sentence"),
    [(8, "pip install tflite-runtime"), (4, r"this Python has 32 bits.*Install the 64-bit system")],
)
def test_without_a_runtime_it_says_what_there_is_for_this_python(
    monkeypatch: pytest.MonkeyPatch, pointer_bytes: int, sentence: str
) -> None:
    for package in ("tflite_runtime", "ai_edge_litert"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("struct.calcsize", lambda _: pointer_bytes)
    with pytest.raises(SystemExit, match=f"There is no runtime here: {sentence}"):
        interpreter.runtime()


def test_a_runtime_that_does_not_go_with_numpy_is_explained(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SystemError("CreateWrapperFromFile returned a result with an exception set")

    monkeypatch.setattr(interpreter, "runtime", lambda: SimpleNamespace(Interpreter=refuse))
    with pytest.raises(SystemExit, match=r"does not go with NumPy .*pip install 'numpy<2'"):
        interpreter.load(bundle, "float32")


def test_any_model_answers_arrays(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1)
    golden = {"input:image": images, "output:scores": np.zeros((2, 4))}
    np.savez(bundle / "golden.npz", **golden)  # type: ignore[arg-type]
    arrays.main([str(bundle / "golden.npz"), "--bundle", str(bundle)])
    assert capsys.readouterr().out == "scores:\n[[0. 1. 2. 3.]]\n"
    arrays.main(["golden.npz", "--bundle", str(bundle), "--count", "2"])
    assert "[4. 5. 6. 7.]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ({"picture": np.zeros((1, 2, 2, 1))}, "has no array 'image'; it has picture. Add it"),
        ({"image": np.zeros((1, 3, 3, 1))}, r"examples of shape \[3, 3, 1\]; the model takes"),
        ({"image": np.zeros((0, 2, 2, 1))}, "give one number of each, 1 or more"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(bundle: Path, batch: Batch, sentence: str) -> None:
    np.savez(bundle / "wrong.npz", **batch)  # type: ignore[arg-type]
    with pytest.raises(SystemExit, match=sentence):
        arrays.main(["wrong.npz", "--bundle", str(bundle)])


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"text"])
def test_a_file_without_arrays_is_refused(bundle: Path, content: bytes) -> None:
    (bundle / "wrong.npz").write_bytes(content)
    with pytest.raises(SystemExit, match=r"is not an .npz file of numbers"):
        arrays.main(["wrong.npz", "--bundle", str(bundle)])


def test_a_part_that_is_not_there_is_refused(bundle: Path) -> None:
    with pytest.raises(SystemExit, match="no part 'step' in this bundle; it has model"):
        arrays.main(["golden.npz", "--bundle", str(bundle), "--part", "step"])
