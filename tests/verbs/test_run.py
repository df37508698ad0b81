"""`edgekit run`: the bundle's program answers anywhere, draws, and trusts nothing of a bundle."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import edgekit
from edgekit.cli import app
from edgekit.core import registry
from edgekit.core.errors import BadData, BadInput, EdgekitError, NotFound, WorkerFailed
from edgekit.core.recipe import Signature, Tensor
from edgekit.on_device.answering import Answer
from edgekit.on_device.pictures import to_pgm
from edgekit.on_device.programs import classify
from edgekit.running.environments import tflite_runtime
from edgekit.tflite.sidecar import describe, write_sidecar
from edgekit.verbs.run import bundles
from tests.support.board_bundle import PICTURE, add_classifier
from tests.support.example_run import LABELS, write_run
from tests.support.paths import GOLDEN
from tests.support.sshd import serving
from tests.support.videos import write_video


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a classifier of 8 x 8 pictures, with its program."""
    run_dir = write_run(tmp_path_factory.mktemp("runs") / "image_cnn")
    add_classifier(run_dir)
    made: Path = registry.get("packagers", "bundle").package(run_dir, run_dir / "bundle")
    return made


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bundle"))


def sealed(bundle: Path) -> None:
    """Write a bundle's checksums anew, as one who forges it would."""
    files = sorted(p for p in bundle.rglob("*") if p.is_file() and p.name != bundles.SUMS)
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(bundle)}\n" for p in files
    ]
    (bundle / bundles.SUMS).write_text("".join(lines))


def rewritten(bundle: Path, **fields: object) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    sealed(bundle)


def test_a_bundle_answers_as_its_program_does_on_a_device(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = edgekit.run(made, ["example.pgm"])
    assert (found.program, found.variant, found.runtime) == ("classify", "float32", "litert")
    (answer,) = found.answers
    assert (answer.input, answer.drawing) == ("example.pgm", None)
    assert {line.split("  ")[1] for line in answer.lines} == set(LABELS)
    classify.main(["example.pgm", "--bundle", str(made)])
    assert capsys.readouterr().out.splitlines() == list(answer.lines)


def test_a_bundle_of_before_there_was_a_version_is_read(
    made: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = json.loads((bundle / "bundle.json").read_text())
    old = {name: facts[name] for name in ("recipe", "labels", "models", "golden", "program")}
    (bundle / "signature.json").write_text(json.dumps(old))
    (bundle / "bundle.json").unlink()
    (bundle / "bundle.schema.json").unlink()
    sealed(bundle)
    (answer,) = edgekit.run(bundle, ["example.pgm"]).answers
    assert answer.lines == edgekit.run(made, ["example.pgm"]).answers[0].lines
    classify.main(["example.pgm", "--bundle", str(bundle)])
    assert capsys.readouterr().out.splitlines() == list(answer.lines)


def test_a_bundle_of_a_later_version_is_refused(bundle: Path) -> None:
    rewritten(bundle, version=2)
    with pytest.raises(BadData, match=r"has version 2, and this program reads up to 1; take"):
        edgekit.run(bundle, ["example.pgm"])
    with pytest.raises(SystemExit, match=r"bundle\.json' has version 2"):
        classify.main(["example.pgm", "--bundle", str(bundle)])


def test_a_run_folder_stands_for_its_bundle_and_any_variant_can_be_asked(made: Path) -> None:
    found = edgekit.run(made.parent, ["example.pgm"], variant="int8", options=["--count", "1"])
    assert found.variant == "int8"
    assert len(found.answers[0].lines) == 1
    with pytest.raises(NotFound, match=r"no variant 'int4' in '.*'; it has float32, int8"):
        edgekit.run(made, ["example.pgm"], variant="int4")


def test_answers_to_a_folder_are_drawn_each_with_its_variant(made: Path, tmp_path: Path) -> None:
    for name in ("b.pgm", "a.pgm", "a.png"):
        Image.fromarray(PICTURE).save(tmp_path / name)
    out = tmp_path / "drawn"
    found = edgekit.run(made, [tmp_path], out=out)
    assert [answer.input for answer in found.answers] == ["a.pgm", "a.png", "b.pgm"]
    names = ["a-2.float32.png", "a.float32.png", "b.float32.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    with Image.open(out / "a.float32.png") as image:
        assert image.height > image.width >= 320


def test_a_video_becomes_a_video(made: Path, tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (4, 32, 48, 3), np.uint8)
    write_video(tmp_path / "walk.avi", frames)
    found = edgekit.run(made, [tmp_path / "walk.avi"], out=tmp_path / "drawn")
    assert len(found.answers) == 4
    assert {answer.drawing for answer in found.answers} == {tmp_path / "drawn/walk.float32.avi"}
    video = cv2.VideoCapture(str(tmp_path / "drawn/walk.float32.avi"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 4
    video.release()


def test_files_that_an_answer_brings_are_written(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = replace(classify.program, answer=lambda *_: Answer([], files={"mask.pgm": b"P5"}))
    monkeypatch.setattr(classify, "program", program)
    edgekit.run(made, ["example.pgm"], out=tmp_path)
    assert (tmp_path / "example.float32.mask.pgm").read_bytes() == b"P5"


def test_no_input_is_replaced(made: Path, tmp_path: Path) -> None:
    for name in ("one.pgm", "one.float32.png"):
        Image.fromarray(PICTURE).save(tmp_path / name)
    with pytest.raises(BadInput, match=r"one\.float32\.png' is an input and would be replaced"):
        edgekit.run(made, [tmp_path], out=tmp_path)


def test_options_are_the_program_s_own(made: Path) -> None:
    with pytest.raises(BadInput, match="program says: unrecognized arguments: --beam 3"):
        edgekit.run(made, ["example.pgm"], options=["--beam", "3"])
    with pytest.raises(BadInput, match="argument --count: 0; give 1 or more"):
        edgekit.run(made, ["example.pgm"], options=["--count", "0"])


def test_without_an_input_the_example_is_told(made: Path) -> None:
    with pytest.raises(BadInput, match=r"'classify' takes .*--input 'example.pgm'"):
        edgekit.run(made, [])


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("sshd")) as address:
        yield address


@pytest.mark.device
def test_a_board_with_numpy_and_tflite_runtime_alone_answers(
    made: Path,
    board: str,
) -> None:
    if missing := tflite_runtime.missing():
        pytest.skip(missing)
    python = tflite_runtime.command().argv[0]
    found = edgekit.run(made, ["example.pgm"], variant="int8", device=f"ssh://{board}{python}")
    assert found.runtime == "tflite-runtime"
    here = edgekit.run(made, ["example.pgm"], variant="int8", runtime="tflite-runtime")
    assert found.answers[0].lines == here.answers[0].lines


# Bundles of strangers


def test_nothing_of_a_bundle_is_imported(bundle: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w')\n"
    for path in bundle.rglob("*.py"):
        path.write_text(code)
    sealed(bundle)
    assert edgekit.run(bundle, ["example.pgm"]).answers[0].lines
    assert not mark.exists()


@pytest.mark.parametrize("file", ["labels.txt", "float32.tflite", "classify.py", "bundle.json"])
def test_a_file_that_changed_is_refused(bundle: Path, file: str) -> None:
    (bundle / file).write_bytes((bundle / file).read_bytes() + b" ")
    with pytest.raises(BadData, match=f"{file}' is not the file that SHA256SUMS names"):
        edgekit.run(bundle, ["example.pgm"])


def outside(bundle: Path) -> None:
    shutil.copyfile(GOLDEN / "float32.tflite", bundle.parent / "outside.tflite")
    models = json.loads((bundle / "bundle.json").read_text())["models"]
    models[0]["file"] = "../outside.tflite"
    rewritten(bundle, models=models)


def outside_and_named(bundle: Path) -> None:
    outside(bundle)
    digest = hashlib.sha256((bundle.parent / "outside.tflite").read_bytes()).hexdigest()
    with (bundle / bundles.SUMS).open("a") as sums:
        sums.write(f"{digest}  ../outside.tflite\n")


def linked(bundle: Path) -> None:
    (bundle / "labels.txt").unlink()
    (bundle / "labels.txt").symlink_to("/etc/hostname")
    sealed(bundle)


def without_sums(bundle: Path) -> None:
    (bundle / bundles.SUMS).unlink()


def without_models(bundle: Path) -> None:
    rewritten(bundle, models=[])


def with_another_program(bundle: Path) -> None:
    rewritten(bundle, program={"file": "../../os.py", "arguments": []})


def with_a_broken_signature(bundle: Path) -> None:
    rewritten(bundle, models=[{"variant": 3}])


def with_other_labels(bundle: Path) -> None:
    rewritten(bundle, labels=["one"])


def with_another_model(bundle: Path) -> None:
    shutil.copyfile(GOLDEN / "dynamic_int8.tflite", bundle / "float32.tflite")
    sealed(bundle)


def with_no_model(bundle: Path) -> None:
    (bundle / "float32.tflite").write_bytes(b"TFL3" * 10)
    sealed(bundle)


def for_another_program(bundle: Path) -> None:
    rewritten(bundle, program={"file": "translate.py", "arguments": []})


HOSTILE: list[tuple[Callable[[Path], None], str]] = [
    (outside, "does not name '../outside.tflite'"),
    (outside_and_named, "which is not in it"),
    (linked, "'labels.txt', which is not in it"),
    (without_sums, "has no SHA256SUMS"),
    (without_models, "There is no variant"),
    (with_another_program, "program is 'os', which this edgekit does not have"),
    (with_a_broken_signature, "variant"),
    (with_other_labels, "gives 3 scores, and labels.txt has 1 labels"),
    (with_another_model, r"takes arrays of shape \(2, 2, 8\)"),
    (with_no_model, "float32.tflite"),
    (for_another_program, "No such file|cannot use what"),
]


@pytest.mark.parametrize(("forge", "sentence"), HOSTILE, ids=[f.__name__ for f, _ in HOSTILE])
def test_a_forged_bundle_is_refused_in_a_sentence(
    bundle: Path, forge: Callable[[Path], None], sentence: str
) -> None:
    forge(bundle)
    with pytest.raises(EdgekitError, match=sentence) as refused:
        edgekit.run(bundle, ["example.pgm"])
    assert not isinstance(refused.value, WorkerFailed)


def test_what_no_program_expects_is_a_sentence_too(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> Answer:
        raise KeyError("scores")

    monkeypatch.setattr(classify, "program", replace(classify.program, answer=stumble))
    with pytest.raises(BadData, match=r"'classify' cannot use what .* holds \(KeyError: 'scores'"):
        edgekit.run(made, ["example.pgm"])


# Files alone


def alone(folder: Path, **fields: object) -> Path:
    file = folder / "mine.tflite"
    shutil.copyfile(GOLDEN / "int8.tflite", file)
    (folder / "one.pgm").write_bytes(to_pgm(PICTURE))
    return file


def test_a_described_classifier_alone_names_its_labels(tmp_path: Path, made: Path) -> None:
    file = alone(tmp_path)
    signature = Signature(
        inputs=(Tensor(name="image", shape=(1, 8, 8, 1), meaning="grey image, 0..1"),),
        outputs=(Tensor(name="scores", shape=(1, 3)),),
        labels=LABELS,
    )
    described = describe(file, precision="int8", signature=signature, made_by={})
    write_sidecar(described, tmp_path / "mine.json")
    found = edgekit.run(file, [tmp_path / "one.pgm"])
    assert (found.program, found.variant) == ("classify", "mine")
    same = edgekit.run(made, ["example.pgm"], variant="int8")
    assert found.answers[0].lines == same.answers[0].lines


def test_of_a_strange_classifier_one_says_what_pixels_and_labels_are(tmp_path: Path) -> None:
    file = alone(tmp_path)
    with pytest.raises(BadInput, match=r"say it, as in training: --pixels 0\.\.255, 0\.\.1"):
        edgekit.run(file, [tmp_path / "one.pgm"])
    found = edgekit.run(file, [tmp_path / "one.pgm"], pixels="0..1")
    assert {line.split("  ")[1] for line in found.answers[0].lines} == {
        f"class {number}" for number in range(3)
    }
    (tmp_path / "names.txt").write_text("a\nb\nc\n")
    found = edgekit.run(file, [tmp_path / "one.pgm"], pixels="0..1", labels=tmp_path / "names.txt")
    assert {line.split("  ")[1] for line in found.answers[0].lines} == {"a", "b", "c"}


def test_labels_packed_behind_a_model_are_found(tmp_path: Path) -> None:
    file = alone(tmp_path)
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("labels.txt", "x\ny\nz\n")
    found = edgekit.run(file, [tmp_path / "one.pgm"], pixels="0..1", options=["--count", "9"])
    assert {line.split("  ")[1] for line in found.answers[0].lines} == {"x", "y", "z"}


def test_any_other_model_alone_answers_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=np.zeros((1, 2, 2, 8), np.float32))
    found = edgekit.run(GOLDEN / "dynamic_int8.tflite", [tmp_path / "a.npz"])
    assert found.program == "arrays"
    assert found.answers[0].lines[0] == "scores:"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"variant": "int8"}, "--variant is of a bundle"),
        ({"pixels": "2"}, r"--pixels is '2'; allowed are 0\.\.255"),
        ({"labels": Path("nowhere.txt")}, "'nowhere.txt' cannot be read as text"),
        ({"pixels": "0..1", "out": GOLDEN / "int8.tflite"}, "is a file; give --out a folder"),
        ({"pixels": "0..1", "runtime": "moon"}, "moon"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(
    tmp_path: Path, arguments: dict[str, str], sentence: str
) -> None:
    file = alone(tmp_path)
    with pytest.raises(BadInput, match=sentence):
        edgekit.run(file, [tmp_path / "one.pgm"], **arguments)  # type: ignore[arg-type]


# The command line


def test_the_command_line_prints_and_hands_options_on(made: Path, tmp_path: Path) -> None:
    words = ["run", str(made), "--input", "example.pgm", "--count", "1", "--out", str(tmp_path)]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) == 1
    assert f"drawn: {tmp_path / 'example.float32.png'}" in shown.stderr
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert found["program"] == "classify"
    assert found["answers"][0]["drawing"] == str(tmp_path / "example.float32.png")


def test_labels_of_strangers_cannot_speak_to_a_terminal(bundle: Path) -> None:
    rewritten(bundle, labels=["\x1b[31mred", "b", "c"])
    shown = CliRunner().invoke(app, ["run", str(bundle), "--input", "example.pgm"])
    assert "\x1b" not in shown.stdout
    assert "red" in shown.stdout
