"""The common form of programs: arguments become items, items get answers, answers leave."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.core.paths import packaged
from edgekit.on_device import answering
from edgekit.on_device.answering import (
    TEXTS,
    Answer,
    Kind,
    Models,
    Program,
    file_name,
    files,
)
from edgekit.on_device.footage import CLIPS, PICTURES
from edgekit.on_device.pictures import to_pgm
from edgekit.on_device.vision.drawing import Drawing
from tests.support.videos import write_video

PROGRAMS = sorted(path.stem for path in packaged("on_device", "programs").glob("[!_]*.py"))


def _models(folder: Path) -> Models:
    return Models(folder, {}, {}, ["a", "b"])


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "open_models", lambda folder, variant: _models(folder))


def _shout(models: Models, text: str, options: Namespace) -> Answer:
    if not text:
        raise ValueError("There is no text; give one.")
    return Answer([text.upper()])


SHOUT = Program(_shout, takes=TEXTS, description="Shout.")


def test_one_answer_is_printed_bare_and_several_under_their_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    SHOUT.main(["oh"])
    assert capsys.readouterr().out == "OH\n"
    SHOUT.main(["oh", "ah"])
    assert capsys.readouterr().out == "oh:\nOH\nah:\nAH\n"


def test_a_file_of_texts_is_one_text_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts.txt").write_text("oh\n\nah\n", encoding="utf-8")
    SHOUT.main(["texts.txt", "--bundle", str(tmp_path)])
    assert capsys.readouterr().out == "oh:\nOH\nah:\nAH\n"


def test_what_an_answer_refuses_is_a_sentence_and_no_traceback() -> None:
    with pytest.raises(SystemExit, match="There is no text; give one"):
        SHOUT.main([""])


def test_a_question_of_two_arguments_takes_pairs(tmp_path: Path) -> None:
    pairs: Kind[str] = Kind("WORD", "two words", lambda both, _: [("", " and ".join(both))], 2)
    program = Program(_shout, takes=pairs, description="")
    answers = program.answers(_models(tmp_path), ["a", "b", "c", "d"], Namespace())
    assert [answer.lines for _, answer in answers] == [["A AND B"], ["C AND D"]]
    with pytest.raises(ValueError, match="3 WORD given; a question takes 2: two words"):
        list(program.answers(_models(tmp_path), ["a", "b", "c"], Namespace()))


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.wav", "a.WAV", "notes.txt"):
        (tmp_path / name).touch()
    kind = files("RECORDING", (".wav",), "a recording")
    assert [name for name, _ in kind.read([str(tmp_path)], tmp_path)] == ["a.WAV", "b.wav"]
    with pytest.raises(ValueError, match=r"holds no file that ends in \.csv"):
        list(files("TABLE", (".csv",), "a table").read([str(tmp_path)], tmp_path))


def test_answers_are_drawn_where_the_user_says(tmp_path: Path) -> None:
    def answer(models: Models, picture: np.ndarray, options: Namespace) -> Answer:
        return Answer(["seen"], Drawing(picture=picture, text="seen"))

    (tmp_path / "one.pgm").write_bytes(to_pgm(np.zeros((4, 6), np.uint8)))
    program = Program(answer, takes=PICTURES, description="", draws=True)
    program.main(["one.pgm", "--bundle", str(tmp_path), "--out", str(tmp_path / "drawn")])
    with Image.open(tmp_path / "drawn" / "one.png") as image:
        assert image.size[0] >= 320


def test_a_video_is_its_frames_to_a_picture_program_and_one_clip_to_others(tmp_path: Path) -> None:
    frames = np.zeros((3, 32, 48, 3), np.uint8)
    frames[1:, :, :, 0] = 255  # red
    write_video(tmp_path / "walk.avi", frames)
    seen = list(PICTURES.read(["walk.avi"], tmp_path))
    assert [name for name, _ in seen] == [f"walk.avi, frame {n}" for n in (1, 2, 3)]
    assert seen[0][1].max() < 0.1
    np.testing.assert_allclose(seen[2][1].mean((0, 1)), [1, 0, 0], atol=0.1)
    ((name, clip),) = CLIPS.read(["walk.avi"], tmp_path)
    assert (name, clip.shape) == ("walk.avi", (3, 32, 48, 3))
    np.save(tmp_path / "clip.npy", frames)
    ((_, clip),) = CLIPS.read(["clip.npy"], tmp_path)
    assert clip.dtype == np.float32
    assert clip.max() == 1.0


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((4, 4), np.uint8), r"a clip is \(frames, height, width"),
        (np.full((1, 2, 2, 1), 3.0), r"holds float64 from 3\.0 to 3\.0"),
    ],
)
def test_an_array_that_is_no_clip_is_refused(
    tmp_path: Path,
    array: np.ndarray,
    sentence: str,
) -> None:
    np.save(tmp_path / "clip.npy", array)
    with pytest.raises(ValueError, match=sentence):
        list(CLIPS.read(["clip.npy"], tmp_path))


def test_a_folder_of_frames_and_a_gif_are_clips(tmp_path: Path) -> None:
    levels = np.arange(0, 240, 20, dtype=np.uint8)
    frames = [Image.fromarray(np.full((16, 24), level)) for level in levels]
    (tmp_path / "walk").mkdir()
    for number, frame in enumerate(frames):  # frame-10 comes after frame-9
        frame.save(tmp_path / "walk" / f"frame-{number}.png")
    frames[0].save(tmp_path / "walk.gif", save_all=True, append_images=frames[1:])
    for name in ("walk", "walk.gif"):
        ((_, clip),) = CLIPS.read([name], tmp_path)
        assert clip.shape[:3] == (12, 16, 24)
        np.testing.assert_allclose(clip.mean((1, 2, 3)) * 255, levels, atol=2)
    Image.new("L", (8, 8)).save(tmp_path / "walk" / "frame-99.png")
    with pytest.raises(ValueError, match="a clip has frames of one"):
        list(CLIPS.read(["walk"], tmp_path))


def test_a_video_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "walk.avi").write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"is no video that can be read here"):
        list(PICTURES.read(["walk.avi"], tmp_path))


def test_without_opencv_a_video_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SystemExit, match="pip install opencv"):
        list(PICTURES.read(["walk.avi"], tmp_path))


def test_names_become_file_names() -> None:
    assert file_name("../a/b c.jpeg") == "b-c"
    assert file_name("walk.avi, frame 12") == "walk-avi-frame-12"
    assert file_name("..") == "answer"
    assert len(file_name("x" * 300)) == 100


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_has_the_common_form(name: str) -> None:
    module = __import__(f"edgekit.on_device.programs.{name}", fromlist=["program"])
    assert isinstance(module.program, Program)
    assert module.main == module.program.main
    module.program.options(ArgumentParser())
