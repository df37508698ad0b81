"""Name the spoken word in a recording, at once or while it is heard: `keywords.py digit.wav`.

A network of one file classifies a second of sound; to listen, it classifies the last second again
every 20 ms. A network with a file `hop` takes 20 ms at a time, with its memory as input and output.
"""

from __future__ import annotations

import wave
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import BinaryIO, Callable, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ..answering import Answer, Models, Program, Steps, files
from ..arrays import Array, Batch, Run
from ..log_mel import HOP, OVERLAP, SAMPLE_RATE, described, log_mel

Memory = Tuple[Array, ...]
"""What a network keeps of the frames before."""

Classifier = Callable[[Array, Optional[Memory]], Tuple[Memory, Array]]
"""Takes a frame `(n, 32)` and the memory of those before, at first None; returns the memory for the
next frame, and the scores `(n, labels)`."""

NUM_SAMPLES = SAMPLE_RATE
"""Length of the sound that is classified at once: a second."""

STATE = 64
"""Units of the network that listens."""


def read_wav(file: Union[str, Path, BinaryIO]) -> Array:
    """Return the samples of a WAV file, `(samples,)`, float32 in -1..1.

    Args:
        file: Path, or an open binary file.

    Raises:
        ValueError: It is not a WAV file, or not 8 kHz, mono, 16 bit.
    """
    try:
        with wave.open(str(file) if isinstance(file, Path) else file) as sound:
            form = (sound.getframerate(), sound.getnchannels(), 8 * sound.getsampwidth())
            content = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"'{file}' is not a WAV file of plain samples: {error}.") from error
    if form != (SAMPLE_RATE, 1, 16):
        rate, channels, bits = form
        raise ValueError(
            f"'{file}' has {rate} Hz, {channels} channel(s), {bits} bits; it must have "
            f"{SAMPLE_RATE} Hz, 1 channel, 16 bits: ffmpeg -i IN -ar {SAMPLE_RATE} -ac 1 "
            "-sample_fmt s16 OUT.wav."
        )
    return np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float32) / 32768


def one_second(samples: Array) -> Array:
    """Return the middle second of a recording, `(8000,)`; silence around a shorter one."""
    if len(samples) >= NUM_SAMPLES:
        start = (len(samples) - NUM_SAMPLES) // 2
        return samples[start : start + NUM_SAMPLES]
    left = (NUM_SAMPLES - len(samples)) // 2
    return np.pad(samples, (left, NUM_SAMPLES - len(samples) - left))


def listen(classify: Classifier, sounds: Iterable[Array]) -> Iterator[Array]:
    """Classify sounds while they are heard.

    Args:
        classify: `remembering` or `looking_back`, of a network.
        sounds: Hop after hop, `(n, 160)`, floats in -1..1: one row for each of n microphones.

    Yields:
        Scores of the labels after each hop, `(n, labels)`.
    """
    before = memory = None
    for sound in sounds:
        before = np.zeros((len(sound), OVERLAP), np.float32) if before is None else before
        memory, scores = classify(log_mel(sound, before)[:, 0], memory)
        before = np.concatenate([before, sound], axis=1)[:, -OVERLAP:]
        yield scores


def remembering(hop: Run) -> Classifier:
    """Return the classifier that is a network's part `hop`, which remembers earlier frames."""

    def classify(frame: Array, memory: Memory | None) -> tuple[Memory, Array]:
        hidden, cell = memory or (np.zeros((len(frame), STATE), np.float32),) * 2
        answer = hop({"frame": frame, "hidden": hidden, "cell": cell})
        return (answer["next_hidden"], answer["next_cell"]), answer["scores"]

    return classify


def looking_back(model: Run) -> Classifier:
    """Return the classifier that gives a network the whole last second at every frame."""

    def classify(frame: Array, memory: Memory | None) -> tuple[Memory, Array]:
        silence = np.zeros((len(frame), NUM_SAMPLES // HOP, frame.shape[1]), np.float32)
        (second,) = memory or (silence,)
        second = np.concatenate([second[:, 1:], frame[:, np.newaxis]], axis=1)
        return (second,), model({"log_mel": second})["scores"]

    return classify


def drive(runs: Mapping[str, Run]) -> Run:
    """Return both ways to classify a recording as one function: at once, and hop by hop."""

    def run(batch: Batch) -> Batch:
        classify, memory = remembering(runs["hop"]), None
        for frame in np.moveaxis(batch["log_mel"], 1, 0):
            memory, streamed = classify(frame, memory)
        return {"scores": runs["whole"](batch)["scores"], "streamed": streamed}

    return run


def answer(models: Models, path: Path, options: Namespace) -> Answer:
    """Return the word; with `--stream`, what is heard after every fifth of a second."""
    runs, labels = models.runs, models.labels
    sound = one_second(read_wav(path))[np.newaxis]
    whole = runs.get("model") or runs["whole"]
    if not options.stream:
        return Answer([_words(whole({"log_mel": log_mel(sound)})["scores"], labels)])
    classify = remembering(runs["hop"]) if "hop" in runs else looking_back(whole)
    hops = (sound[:, start : start + HOP] for start in range(0, NUM_SAMPLES, HOP))
    return Answer(
        [
            f"{count * HOP / SAMPLE_RATE:.1f} s  {_words(scores, labels)}"
            for count, scores in enumerate(listen(classify, hops), 1)
            if count % 10 == 0
        ]
    )


def steps(models: Models) -> Steps:
    """Describe what is done with a second of sound, and with the scores."""
    return Steps(
        before=described("log_mel", NUM_SAMPLES),
        after={"kind": "labels", "output": "scores", "top": 1},
    )


def _words(scores: Array, labels: Sequence[str]) -> str:
    best = int(np.argmax(scores[0]))
    return f"{labels[best]}  ({100 * float(scores[0, best]):.0f} %)"


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--stream", action="store_true", help="listen, 20 ms at a time")


program = Program(
    answer,
    takes=files("RECORDING", (".wav",), "WAV file, 8 kHz, mono, 16 bit"),
    description="Name the spoken word in a recording.",
    example="recording.wav",
    options=_options,
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
