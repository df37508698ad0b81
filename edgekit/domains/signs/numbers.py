"""How well numbers are read from clips, and how well they are from single frames.

Numbers are `(n, digits)`, int32: 1 + each digit in turn, then 0; symbols `(n, frames)` likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.ctc import right
from edgekit.domains.signs.clips import FRAMES, NOTHING
from edgekit.domains.signs.photos import DIGITS
from edgekit.on_device.programs.read_clip import sheet, written
from edgekit.on_device.vision.drawing import Drawing

MOST_IN_A_ROW = 6
"""Frames, less one, that a symbol may have to be seen for."""


def score(run: Run, dataset: Dataset) -> float:
    """Return the share of numbers that are wholly right, in percent."""
    return 100 * float(right(run(dataset.inputs)["symbols"], dataset.target()).mean())


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return the share of right numbers by how many digits they have, and by whether one is twice.

    A digit that is signed twice in turn looks the same in every frame.
    """
    numbers = dataset.target()
    found = right(run(dataset.inputs)["symbols"], numbers)
    lengths = (numbers != NOTHING).sum(axis=1)
    twice = ((numbers[:, 1:] == numbers[:, :-1]) & (numbers[:, 1:] != NOTHING)).any(axis=1)
    kinds = {f"right of {length} digits %": lengths == length for length in np.unique(lengths)}
    kinds |= {"right with a digit twice in turn %": twice, "right without %": ~twice}
    return {name: 100 * float(found[kind].mean()) for name, kind in kinds.items() if kind.any()}


def show(labels: Sequence[str], inputs: Batch, answers: Batch) -> Sequence[Drawing]:
    """Return each clip as a sheet of its frames, over the number that was read.

    Args:
        labels: Of the symbols.
        inputs: `clip`, `(n, frames, height, width, channels)`.
        answers: `symbols`.
    """
    return [
        Drawing(picture=sheet(clip), text=written(symbols, labels))
        for clip, symbols in zip(inputs["clip"], answers["symbols"], strict=True)
    ]


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return a run that reads every number right, and one that reads each digit wrong."""
    numbers = dataset.target()
    true = np.pad(numbers, ((0, 0), (0, FRAMES - numbers.shape[1])))
    wrong = np.where(true != NOTHING, 1 + true % len(DIGITS), NOTHING)
    return lambda _: {"symbols": true}, lambda _: {"symbols": wrong}


def in_a_row(seen: Array, least: int) -> Array:
    """Return the symbols that are seen in `least` frames in a row, padded with 0.

    Frames of nothing part equal symbols, if there are as many.

    Args:
        seen: What each frame shows, `(n, frames)`.
        least: Frames in a row that count.

    Example:
        >>> in_a_row(np.array([[0, 5, 5, 3, 5, 5, 0, 0, 5, 5]]), 2)[0, :4].tolist()
        [5, 5, 0, 0]
    """
    found = np.zeros_like(seen)
    for row, symbols in enumerate(seen):
        starts = np.flatnonzero(np.diff(symbols, prepend=-1))
        lengths = np.diff(np.append(starts, len(symbols)))
        kept = symbols[starts][lengths >= least]
        kept = kept[np.diff(kept, prepend=-1) != 0]
        kept = kept[kept != NOTHING]
        found[row, : len(kept)] = kept
    return found


def frame_by_frame(see: Callable[[Array], Array], validation: Dataset, test: Dataset) -> float:
    """Return the share of test numbers that are right, in percent, when frames are read alone.

    Args:
        see: What frames `(frames, height, width, channels)` show, `(frames,)`.
        validation: Tells best how many frames in a row count.
        test: Clips and numbers.
    """

    def share(dataset: Dataset) -> list[float]:
        (clips,) = dataset.inputs.values()
        seen = np.stack([see(clip) for clip in clips])
        numbers = dataset.target()
        return [
            100 * float(right(in_a_row(seen, least), numbers).mean())
            for least in range(1, MOST_IN_A_ROW)
        ]

    return share(test)[int(np.argmax(share(validation)))]
