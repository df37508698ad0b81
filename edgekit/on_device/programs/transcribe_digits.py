"""Write down the digits that are spoken in a recording, with the models of this bundle.

    python3 transcribe_digits.py --variant int8 digits.wav

`whole` reads a recording at once, forwards and backwards. `hop` listens, as `--stream` does: it
takes 40 ms at a time, with its memory as input and output, and so reads any length.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Sequence, Tuple

import numpy as np

from ..answering import Answer, Models, Program, files
from ..arrays import Array, Batch, Run
from ..decoding import ctc_begins, ctc_greedy
from ..log_mel import HOP as FRAME
from ..log_mel import OVERLAP, SAMPLE_RATE, log_mel
from ..vision.drawing import Drawing
from .keywords import read_wav

WHOLE, HOP = "whole", "hop"
"""The parts: the one that reads a recording at once, and the one that listens."""

STATE = 64
"""Units that remember what was heard."""

NEW, SEEN = 2, 7
"""Frames of a step, and frames that the network sees at it: those, and the ones before."""

STEP = NEW * FRAME
"""Samples of a step: 40 ms."""

SILENCE = 25 * FRAME
"""Samples of silence that follow a recording that is listened to: a digit is named after it."""

HEIGHT = 4
"""Pixels of a band in a drawing."""


def listen(hop: Run, heard: Iterable[Array]) -> Iterator[Array]:
    """Score the symbols while sounds are heard.

    Args:
        hop: Of the part that listens.
        heard: The features of step after step, `(n, 2, 32)`: one row for each of n microphones.

    Yields:
        After each step, the probability of each symbol, `(n, symbols)`, the first of which is none.
    """
    memory: Tuple[Array, ...] = ()
    for new in heard:
        frames, hidden, cell = memory or _silence(*new.shape[::2])
        frames = np.concatenate([frames[:, NEW:], new], axis=1)
        answer = hop({"frames": frames, "hidden": hidden, "cell": cell})
        memory = frames, answer["next_hidden"], answer["next_cell"]
        yield answer["scores"]


def _silence(rows: int, bands: int) -> Tuple[Array, ...]:
    """Return the frames that were heard before the first step, and the state of the memory."""
    state = np.zeros((rows, STATE), np.float32)
    return np.zeros((rows, SEEN, bands), np.float32), state, state


def drive(runs: Mapping[str, Run]) -> Run:
    """Return both ways to read recordings as one function: at once, and step by step."""

    def run(batch: Batch) -> Batch:
        heard = np.split(batch["log_mel"], batch["log_mel"].shape[1] // NEW, axis=1)
        streamed = np.stack(list(listen(runs[HOP], heard)), axis=1)
        return {"scores": runs[WHOLE](batch)["scores"], "streamed": streamed}

    return run


def steps_of(samples: Array) -> Iterator[Array]:
    """Give the features of a recording `(samples,)` as a microphone would: `(1, 2, 32)` a step."""
    before = np.zeros((1, OVERLAP), np.float32)
    for start in range(0, len(samples) - STEP + 1, STEP):
        sound = samples[np.newaxis, start : start + STEP]
        yield log_mel(sound, before)
        before = sound[:, -OVERLAP:]


def written(scores: Array, labels: Sequence[str]) -> str:
    """Return the digits that probabilities `(steps, symbols)` say, or that there is none.

    Example:
        >>> written(np.eye(3)[[0, 2, 2, 0, 1]], ["nothing", "0", "1"])
        '10'
    """
    said = ctc_greedy(scores[np.newaxis])[0]
    return "".join(labels[symbol] for symbol in said if symbol) or labels[0]


def drawn(features: Array, scores: Array, labels: Sequence[str], text: str) -> Drawing:
    """Draw a sound: high tones above, loud ones light, and each digit where it was recognized.

    Args:
        features: `(frames, bands)`.
        scores: `(steps, symbols)`.
        labels: Of the symbols.
        text: What is written below.
    """
    bands = features.T[::-1] / max(1.0, float(features.max()))
    steps = np.flatnonzero(ctc_begins(scores[np.newaxis])[0])
    symbols = scores[steps].argmax(axis=1)
    height = HEIGHT * len(bands) - 1
    return Drawing(
        picture=bands.repeat(HEIGHT, axis=0)[..., np.newaxis],
        boxes=np.array([[NEW * step, 0, NEW * step + 1, height] for step in steps]).reshape(-1, 4),
        captions=[labels[symbol] for symbol in symbols],
        kinds=[int(symbol) for symbol in symbols],
        text=text,
    )


def answer(models: Models, path: Path, options: Namespace) -> Answer:
    """Return the digits, and about when each is said; with `--stream`, when each is recognized."""
    samples = read_wav(path)
    if options.stream:
        samples = np.pad(samples, (0, SILENCE + -len(samples) % STEP))
        heard = list(steps_of(samples))
        features = np.concatenate(heard, axis=1)
        scores = np.concatenate(list(listen(models.runs[HOP], heard)))
    else:
        length = FRAME * models.facts[WHOLE]["inputs"][0]["shape"][1]
        if len(samples) > length:
            raise ValueError(
                f"'{path}' lasts {len(samples) / SAMPLE_RATE:.1f} s; at most "
                f"{length / SAMPLE_RATE} s are read at once. Cut it, or add --stream, which takes "
                "any length."
            )
        features = log_mel(np.pad(samples, (0, length - len(samples)))[np.newaxis])
        scores = models.runs[WHOLE]({"log_mel": features})["scores"][0]
    digits = written(scores, models.labels)
    times = [
        f"{(step + 1) * STEP / SAMPLE_RATE:.2f} s  {models.labels[scores[step].argmax()]}"
        for step in np.flatnonzero(ctc_begins(scores[np.newaxis])[0])
    ]
    return Answer([digits, *times], drawn(features[0], scores, models.labels, digits))


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--stream", action="store_true", help="listen, 40 ms at a time")


program = Program(
    answer,
    takes=files("RECORDING", (".wav",), "WAV file, 8 kHz, mono, 16 bit"),
    description="Write down the digits that are spoken in a recording, and when.",
    example="digits.wav",
    options=_options,
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
