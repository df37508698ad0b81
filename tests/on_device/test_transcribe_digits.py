"""The program that writes down digits: recordings of any length, at once or step by step."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Array, Batch
from edgekit.domains.speech.example import as_wav
from edgekit.on_device.answering import Models
from edgekit.on_device.interpreter import ModelFacts, TensorFacts
from edgekit.on_device.log_mel import SAMPLE_RATE, log_mel
from edgekit.on_device.programs.transcribe_digits import (
    STATE,
    STEP,
    answer,
    drive,
    listen,
    steps_of,
    written,
)

LABELS = ["nothing", "0", "1", "2"]
HERTZ = {"0": 200.0, "1": 800.0, "2": 2500.0}
FRAMES = 100
"""What the fake `whole` reads at once: 2 s."""


def named(frames: Array) -> Array:
    """Name the tone of frames `(..., 32)`: which third of the bands is loudest, if any is loud."""
    loudest = frames.argmax(axis=-1)
    return np.eye(4, dtype=np.float32)[np.where(frames.max(axis=-1) > 2, 1 + loudest // 11, 0)]


def whole(batch: Batch) -> Batch:
    assert batch["log_mel"].shape[1:] == (FRAMES, 32)
    return {"scores": named(batch["log_mel"][:, 1::2])}


def hop(batch: Batch) -> Batch:
    """Name the newest frame; the memory counts the steps."""
    assert batch["frames"].shape[1:] == (7, 32)
    hidden, cell = batch["hidden"] + 1, batch["cell"] + 1
    return {"scores": named(batch["frames"][:, -1]), "next_hidden": hidden, "next_cell": cell}


def sound_of(tones: str, seconds: float = 0.2) -> Array:
    """Return tones that a pause of 0.2 s follows each."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pieces = [np.sin(2 * np.pi * HERTZ[tone] * times) for tone in tones]
    pause = np.zeros(SAMPLE_RATE // 5)
    return np.concatenate([part for piece in pieces for part in (piece, pause)] or [pause])


@pytest.fixture
def models(tmp_path: Path) -> Models:
    log_mels = TensorFacts(
        name="log_mel", index=0, shape=[1, FRAMES, 32], dtype="float32", quantization=None
    )
    facts = ModelFacts(
        variant="int8", part="whole", file="whole.tflite", inputs=[log_mels], outputs=[]
    )
    return Models(tmp_path, {"whole": facts}, {"whole": whole, "hop": hop}, LABELS)


def said(models: Models, sound: Array, *, stream: bool) -> list[str]:
    path = models.folder / "digits.wav"
    path.write_bytes(as_wav(np.asarray(sound, np.float32)))
    return list(answer(models, path, Namespace(stream=stream)).lines)


@pytest.mark.parametrize("stream", [False, True])
def test_digits_are_written_with_their_times(models: Models, stream: bool) -> None:
    lines = said(models, sound_of("1221"), stream=stream)
    assert lines[0] == "1221"
    assert [line.split()[-1] for line in lines[1:]] == ["1", "2", "2", "1"]
    times = [float(line.split()[0]) for line in lines[1:]]
    assert times == pytest.approx([0.04, 0.44, 0.84, 1.24], abs=0.041)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("samples", [0, 1, 777, 8000])
def test_silence_of_any_length_says_that_there_is_nothing(
    models: Models, samples: int, stream: bool
) -> None:
    assert said(models, np.zeros(samples), stream=stream) == ["nothing"]


def test_what_is_too_long_to_be_read_at_once_is_listened_to(models: Models) -> None:
    sound = sound_of("1020121")
    with pytest.raises(ValueError, match=r"lasts 2\.8 s; at most 2\.0 s .* add --stream"):
        said(models, sound, stream=False)
    assert said(models, sound, stream=True)[0] == "1020121"


def test_the_drawing_is_the_spectrogram_with_the_digits(models: Models) -> None:
    path = models.folder / "digits.wav"
    path.write_bytes(as_wav(np.asarray(sound_of("02"), np.float32)))
    drawing = answer(models, path, Namespace(stream=False)).drawing
    assert drawing is not None
    assert drawing.picture.shape == (128, FRAMES, 1)
    assert drawing.captions == ["0", "2"]
    assert drawing.text == "02"


@given(seed=st.integers(0, 10_000), count=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_a_microphone_hears_the_features_of_the_whole(seed: int, count: int) -> None:
    sound = np.random.default_rng(seed).uniform(-1, 1, count * STEP + seed % STEP)
    heard = np.concatenate(list(steps_of(sound.astype(np.float32))), axis=1)
    whole = log_mel(sound[np.newaxis, : count * STEP].astype(np.float32))
    np.testing.assert_allclose(heard, whole, atol=1e-5)


def test_the_memory_is_carried_for_each_microphone() -> None:
    seen: list[Array] = []

    def remember(batch: Batch) -> Batch:
        seen.append(batch["hidden"])
        return hop(batch)

    runs = {"whole": lambda batch: {"scores": named(batch["log_mel"][:, 1::2])}, "hop": remember}
    batch = {"log_mel": np.random.default_rng(0).uniform(0, 4, (3, 8, 32)).astype(np.float32)}
    found = drive(runs)(batch)
    np.testing.assert_array_equal(found["streamed"], found["scores"])
    assert [hidden.shape for hidden in seen] == 4 * [(3, STATE)]
    assert [float(hidden[0, 0]) for hidden in seen] == [0, 1, 2, 3]


def test_nothing_heard_is_nothing_said() -> None:
    assert list(listen(hop, [])) == []
    assert written(np.eye(4)[[0, 0]], LABELS) == "nothing"
