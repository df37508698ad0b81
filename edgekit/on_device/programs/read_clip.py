"""Read the number that a hand signs in a clip, with the models of this bundle.

    python3 read_clip.py --variant int8 clip.npy

A network looks at each frame, and another one remembers. Frames of another size are fitted; `fit`
in `on_device/pictures.py` has the rule.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Mapping, Sequence, Tuple

import numpy as np

from ..answering import Answer, Models, Program
from ..arrays import Array, Batch, Run
from ..decoding import ctc_beam_search
from ..footage import CLIPS
from ..pictures import fit
from ..vision.drawing import Drawing

PICTURE, STEP = "picture", "step"
"""The parts: the one that looks at a frame, and the one that remembers."""

COLUMNS = 8
"""Frames beside each other in a drawing."""

Memory = Tuple[Array, Array]
"""What is remembered of the frames before: what was shown of it, and the cell."""


def look(runs: Mapping[str, Run], frames: Array, memory: Memory) -> Tuple[Array, Memory]:
    """Look at one more frame of each of n clips.

    Args:
        runs: Of the parts.
        frames: `(n, height, width, channels)`, floats in 0..1.
        memory: Of the frames before; zeros `(n, state)` at the start.

    Returns:
        The probability that each symbol ends here, `(n, symbols)`, the first of which is none; and
        the memory for the next frame.
    """
    hidden, cell = memory
    features = runs[PICTURE]({"picture": frames})["features"]
    answer = runs[STEP]({"features": features, "hidden": hidden, "cell": cell})
    return answer["scores"], (answer["next_hidden"], answer["next_cell"])


def read(runs: Mapping[str, Run], clips: Array, state: int) -> Batch:
    """Read clips of any length.

    Args:
        runs: Of the parts.
        clips: `(n, frames, height, width, channels)`, floats in 0..1.
        state: Numbers that the network remembers.

    Returns:
        `scores`, `(n, frames, symbols)`; and `symbols`, `(n, frames)`, int32: what was signed, in
        turn, then zeros.
    """
    memory = (np.zeros((len(clips), state), np.float32),) * 2
    seen = []
    for frames in np.moveaxis(clips, 1, 0):
        scores, memory = look(runs, frames, memory)
        seen.append(scores)
    together = np.stack(seen, axis=1)
    return {"scores": together, "symbols": ctc_beam_search(together)}


def written(symbols: Array, labels: Sequence[str]) -> str:
    """Return the labels of symbols in turn, zeros left out; the first label if there is none.

    Example:
        >>> written(np.array([3, 1, 0, 0]), ["nothing", "0", "1", "2"])
        '20'
    """
    return "".join(labels[symbol] for symbol in symbols if symbol) or labels[0]


def sheet(frames: Array) -> Array:
    """Return frames `(n, height, width, channels)` in rows of 8, as one picture.

    Example:
        >>> sheet(np.zeros((10, 4, 4, 1))).shape
        (8, 32, 1)
    """
    missing = -len(frames) % COLUMNS
    whole = np.pad(frames, ((0, missing), (0, 0), (0, 0), (0, 0)), constant_values=1)
    rows = whole.reshape(-1, COLUMNS, *frames.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows])


def answer(models: Models, clip: Array, options: Namespace) -> Answer:
    """Say which symbols a clip shows, and draw its frames."""
    del options
    shape = models.facts[PICTURE]["inputs"][0]["shape"][1:]
    state = next(each for each in models.facts[STEP]["inputs"] if each["name"] == "hidden")
    frames = np.stack([fit(frame, shape) for frame in clip])
    (symbols,) = read(models.runs, frames[np.newaxis], state["shape"][1])["symbols"]
    found = written(symbols, models.labels)
    return Answer([found], Drawing(picture=sheet(frames), text=found))


program = Program(
    answer,
    takes=CLIPS,
    description="Read the number that a hand signs in a clip of about 8 frames a second. Frames of "
    "another size are fitted: their middle is averaged over the area of each pixel.",
    example="clip.npy",
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
