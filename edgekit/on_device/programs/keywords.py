"""Name the spoken digit in a recording, at once or while it is heard: `keywords.py digit.wav`.

A network of one file judges a second of sound, and listens by judging the last second again every
20 ms. One with a file `hop` takes 20 ms at a time, with its memory as an input and an output.
"""

from __future__ import annotations

import argparse
import wave
from typing import Any, Callable, Iterable, Iterator, Mapping, Tuple

import numpy as np

from ..interpreter import add_arguments, load
from ..log_mel import HOP, OVERLAP, SAMPLE_RATE, log_mel

Array = Any
"""A NumPy array."""

Run = Callable[[Mapping[str, Array]], Mapping[str, Array]]
Judge = Callable[[Array, Any], Tuple[Any, Array]]
"""Takes a frame `(n, 32)` and what was kept of those before, at first None; returns what to keep
now, and the scores `(n, 10)`."""

NUM_SAMPLES = SAMPLE_RATE
"""A second is judged at once."""

STATE = 64
"""Units of the network that listens."""


def read_wav(file: Any) -> Array:
    """Return the samples of a WAV file, `(samples,)`, float32 in -1..1.

    Args:
        file: Path, or an open binary file.

    Raises:
        ValueError: It is not a WAV file, or not 8 kHz, mono, 16 bit.
    """
    try:
        with wave.open(file) as sound:
            found = (sound.getframerate(), sound.getnchannels(), 8 * sound.getsampwidth())
            content = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"'{file}' is not a WAV file of plain samples: {error}.") from error
    if found != (SAMPLE_RATE, 1, 16):
        rate, channels, bits = found
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


def listen(judge: Judge, sounds: Iterable[Array]) -> Iterator[Array]:
    """Judge sounds while they are heard.

    Args:
        judge: `remembering` or `looking_back`, of a network.
        sounds: Hop after hop, `(n, 160)`, floats in -1..1: one row for each of n microphones.

    Yields:
        Scores of the digits after each hop, `(n, 10)`.
    """
    before = state = None
    for sound in sounds:
        before = np.zeros((len(sound), OVERLAP), np.float32) if before is None else before
        state, scores = judge(log_mel(sound, before)[:, 0], state)
        before = np.concatenate([before, sound], axis=1)[:, -OVERLAP:]
        yield scores


def remembering(hop: Run) -> Judge:
    """Return how a network judges a frame that remembers those before: its part `hop`."""

    def judge(frame: Array, state: Any) -> tuple[Any, Array]:
        if state is None:
            state = (np.zeros((len(frame), STATE), np.float32),) * 2
        found = hop({"frame": frame, "hidden": state[0], "cell": state[1]})
        return (found["next_hidden"], found["next_cell"]), found["scores"]

    return judge


def looking_back(model: Run) -> Judge:
    """Return how a network judges a frame that looks at the last second every time."""

    def judge(frame: Array, state: Any) -> tuple[Any, Array]:
        if state is None:
            state = np.zeros((len(frame), NUM_SAMPLES // HOP, frame.shape[1]), np.float32)
        state = np.concatenate([state[:, 1:], frame[:, np.newaxis]], axis=1)
        return state, model({"log_mel": state})["scores"]

    return judge


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the two ways to judge a recording as one function: at once, and hop after hop."""

    def run(batch: Mapping[str, Array]) -> Mapping[str, Array]:
        judge, state = remembering(runs["hop"]), None
        for frame in np.moveaxis(batch["log_mel"], 1, 0):
            state, streamed = judge(frame, state)
        return {"scores": runs["whole"](batch)["scores"], "streamed": streamed}

    return run


def main(arguments: Iterable[str] | None = None) -> None:
    """Print the digit; with `--stream`, what is heard after every fifth of a second."""
    parser = argparse.ArgumentParser(
        description="Name the spoken digit in a recording.",
        epilog="Example: python3 keywords.py --variant int8 recording.wav",
    )
    parser.add_argument("recording", help="WAV file, 8 kHz, mono, 16 bit")
    parser.add_argument("--stream", action="store_true", help="listen, 20 ms at a time")
    add_arguments(parser)
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    try:
        sound = one_second(read_wav(chosen.recording))[np.newaxis]
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    runs = load(chosen.bundle, chosen.variant)
    whole = runs.get("model") or runs["whole"]
    if not chosen.stream:
        print(_words(whole({"log_mel": log_mel(sound)})["scores"]))
        return
    judge = remembering(runs["hop"]) if "hop" in runs else looking_back(whole)
    hops = (sound[:, start : start + HOP] for start in range(0, NUM_SAMPLES, HOP))
    for count, scores in enumerate(listen(judge, hops), 1):
        if count % 10 == 0:
            print(f"{count * HOP / SAMPLE_RATE:.1f} s  {_words(scores)}")


def _words(scores: Array) -> str:
    digit = int(np.argmax(scores[0]))
    return f"{digit}  ({100 * float(scores[0, digit]):.0f} %)"


if __name__ == "__main__":
    main()
