"""Spoken digits: recordings, their splits, and the programs that name them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import wave
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import BadData
from edgekit.core.recipe import Recipe
from edgekit.core.types import Array, Batch
from edgekit.domains.speech import spoken_digits
from edgekit.on_device import answering
from edgekit.on_device.log_mel import HOP, log_mel
from edgekit.on_device.programs import keywords

SMALL_SHA256 = "04513ac95b2329713ff99c4c2fe1f1f69cd48b8ec9b78f3fe65717a7145e8c12"
"""Of the packaged sample's samples, lengths, digits and takes, one after another."""


def _wav(samples: Array, *, rate: int = 8000, channels: int = 1) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes((samples * 32767).astype("<i2").tobytes())
    return stream.getvalue()


def _counting_hop(batch: Batch) -> Batch:
    """Remembers the sum of what it heard in `cell`; scores are its first value everywhere."""
    cell = batch["cell"] + batch["frame"].sum(axis=1, keepdims=True)
    scores = np.repeat(cell[:, :1], 10, axis=1)
    return {"scores": scores, "next_hidden": batch["hidden"], "next_cell": cell}


def test_a_wav_file_comes_back_in_minus_one_to_one() -> None:
    samples = np.linspace(-1, 1, 801)
    np.testing.assert_allclose(keywords.read_wav(io.BytesIO(_wav(samples))), samples, atol=1e-4)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (_wav(np.zeros(100), rate=16000), "16000 Hz.*must have 8000 Hz"),
        (_wav(np.zeros(100), channels=2), "2 channel"),
        (b"no sound", "not a WAV file"),
        (b"", "not a WAV file"),
    ],
)
def test_other_files_are_refused_with_what_they_must_be(content: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        keywords.read_wav(io.BytesIO(content))


@pytest.mark.parametrize("length", [0, 1, 7999, 8000, 8001, 12000])
def test_a_second_is_the_middle_of_the_recording(length: int) -> None:
    samples = np.arange(1, length + 1, dtype=np.float32)
    second = keywords.one_second(samples)
    assert second.shape == (8000,)
    kept = second[second > 0]
    assert len(kept) == min(length, 8000)
    if length:
        assert abs((kept[0] - 1) - (length - kept[-1])) <= 1


def test_the_small_sample_holds_every_digit_of_two_speakers_in_every_split() -> None:
    counts = {"train": 80, "validation": 20, "test": 40, "calibration": 80}
    for split, count in counts.items():
        recordings = spoken_digits.of_split(split, "tiny")  # type: ignore[arg-type]
        assert len(recordings.digits) == count
        assert set(recordings.digits) == set(range(10))
        assert len(set(recordings.speakers)) == 2


def test_the_small_sample_is_the_one_that_recorded_results_were_trained_on() -> None:
    recordings = spoken_digits.load_recordings("tiny")
    assert recordings.samples.dtype == np.float32
    checksum = hashlib.sha256()
    for array in (recordings.samples, recordings.lengths, recordings.digits, recordings.takes):
        checksum.update(array.tobytes())
    assert checksum.hexdigest() == SMALL_SHA256


def test_augmented_recordings_stay_sounds_and_differ_from_one_another() -> None:
    recordings = spoken_digits.of_split("train", "tiny")
    once, again = (
        spoken_digits.augmented(recordings, np.random.default_rng(seed)) for seed in (0, 1)
    )
    for sound in (once, again):
        assert sound.shape == recordings.samples.shape
        assert np.abs(sound).max() <= 1
    assert not np.array_equal(once, again)
    np.testing.assert_array_equal(
        once, spoken_digits.augmented(recordings, np.random.default_rng(0))
    )
    louder = once.std(axis=1) / recordings.samples.std(axis=1)
    assert louder.min() > 10**-0.6


def test_listening_gives_each_hop_what_was_heard_so_far() -> None:
    rng = np.random.default_rng(0)
    sound = rng.uniform(-0.5, 0.5, (3, 20 * HOP)).astype(np.float32)
    hops = np.split(sound, 20, axis=1)
    scores = list(keywords.listen(keywords.remembering(_counting_hop), hops))
    expected = np.cumsum(log_mel(sound).sum(axis=2), axis=1)
    np.testing.assert_allclose(np.stack(scores, axis=1)[..., 0], expected, rtol=1e-4)


def test_looking_back_sees_the_last_second() -> None:
    seen = []

    def model(batch: Batch) -> Batch:
        seen.append(batch["log_mel"])
        return {"scores": np.zeros((1, 10))}

    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 60 * HOP)).astype(np.float32)
    for _ in keywords.listen(keywords.looking_back(model), np.split(sound, 60, axis=1)):
        pass
    np.testing.assert_allclose(seen[49], log_mel(sound[:, : 50 * HOP]), atol=1e-5)
    np.testing.assert_allclose(seen[59][:, :49], seen[58][:, 1:])
    assert not seen[0][:, :49].any()


def test_driving_answers_at_once_and_hop_by_hop() -> None:
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 50, 32)).astype(np.float32)
    whole = {"scores": np.eye(10)[:2]}
    answers = keywords.drive({"whole": lambda _: whole, "hop": _counting_hop})({"log_mel": frames})
    np.testing.assert_array_equal(answers["scores"], whole["scores"])
    np.testing.assert_allclose(answers["streamed"][:, 0], frames.sum(axis=(1, 2)), atol=1e-3)


def _bundle(monkeypatch: pytest.MonkeyPatch, folder: Path, *parts: str) -> None:
    digit = {"scores": np.eye(10)[[7]]}
    runs = {part: _counting_hop if part == "hop" else lambda _: digit for part in parts}
    monkeypatch.setattr(answering, "load", lambda *_, **__: runs)
    monkeypatch.setattr(answering, "describe", lambda *_: {})
    (folder / "labels.txt").write_text("\n".join("0123456789"))


@pytest.mark.parametrize("parts", [("model",), ("whole", "hop")])
def test_the_program_names_the_digit(
    parts: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "seven.wav").write_bytes(_wav(np.zeros(4000)))
    _bundle(monkeypatch, tmp_path, *parts)
    keywords.main(["seven.wav", "--bundle", str(tmp_path)])
    assert capsys.readouterr().out.split()[0] == "7"


@pytest.mark.parametrize("parts", [("model",), ("whole", "hop")])
def test_the_program_listens(
    parts: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "seven.wav").write_bytes(_wav(np.zeros(4000)))
    _bundle(monkeypatch, tmp_path, *parts)
    keywords.main(["seven.wav", "--bundle", str(tmp_path), "--stream"])
    times = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert times == ["0.2", "0.4", "0.6", "0.8", "1.0"]


def test_an_archive_that_is_none_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_digits, "locate", lambda _: tmp_path / "archive.tar.gz")
    (tmp_path / "archive.tar.gz").write_bytes(b"nothing")
    with pytest.raises(BadData, match=r"archive\.tar\.gz"):
        spoken_digits.load_recordings.__wrapped__("full")
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("0_theo_0.wav")
        member.size = 8
        archive.addfile(member, io.BytesIO(b"no sound"))
    with pytest.raises(BadData, match="no recording"):
        spoken_digits.load_recordings.__wrapped__("full")


@pytest.mark.slow
def test_hop_after_hop_is_the_whole() -> None:
    from edgekit.source_model.reference import run_model

    recipe: Recipe = registry.get("recipes", "keywords_lstm")
    assert recipe.parts is not None
    model = recipe.build("tiny")
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    parts = recipe.parts.split(model)
    run = recipe.parts.drive(
        {name: lambda batch, part=part: run_model(part, batch) for name, part in parts.items()}  # type: ignore[misc]
    )
    answers = run(spoken_digits.spoken_digits("test", "tiny").head(8).inputs)
    assert np.ptp(answers["scores"]) > 0.1
    np.testing.assert_allclose(answers["streamed"], answers["scores"], atol=1e-5)
