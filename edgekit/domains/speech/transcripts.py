"""How well strings of digits are written down, at once and while they are heard.

Strings are `(n, 7)`, int32: 1 + each digit in turn, then 0; answers are probabilities of symbols
`(n, steps, 11)`, the first of which is the blank, under the names `scores` (at once) and `streamed`
(while they are heard).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.ctc import right
from edgekit.domains.speech.digit_strings import NUM_FRAMES
from edgekit.domains.speech.spoken_digits import DIGITS
from edgekit.on_device.decoding import ctc_begins, ctc_greedy
from edgekit.on_device.log_mel import SAMPLE_RATE
from edgekit.on_device.programs.transcribe_digits import NEW, STEP, drawn, written
from edgekit.on_device.vision.drawing import Drawing

SYMBOLS = ("nothing", *DIGITS)
WAYS = {"scores": "at once", "streamed": "streamed"}
STEP_MS = 1000 * STEP / SAMPLE_RATE


def edit_distance(said: Sequence[int], meant: Sequence[int]) -> int:
    """Return how many symbols have to be put in, taken out or replaced at least.

    Source: Levenshtein, Binary codes capable of correcting deletions, insertions, and reversals,
        Soviet Physics Doklady 10, 1966; computed as in Wagner, Fischer, The String-to-String
        Correction Problem, 1974, https://doi.org/10.1145/321796.321811.

    Example:
        >>> edit_distance([1, 2, 3], [2, 3, 3])
        2
    """
    costs = list(range(len(meant) + 1))
    for row, one in enumerate(said, 1):
        above, costs[0] = costs[0], row
        for column, other in enumerate(meant, 1):
            replaced = above + (one != other)
            above = costs[column]
            costs[column] = min(replaced, above + 1, costs[column - 1] + 1)
    return costs[-1]


def error_rate(said: Array, meant: Array) -> float:
    """Return the edit distance of strings to what was meant, in percent of the digits meant.

    Args:
        said: `(n, any)`, padded with 0.
        meant: `(n, 7)`, padded with 0.
    """
    pairs = zip(said, meant, strict=True)
    wrong = sum(edit_distance(_unpadded(one), _unpadded(other)) for one, other in pairs)
    return 100 * wrong / int(np.count_nonzero(meant))


def score(run: Run, dataset: Dataset) -> float:
    """Return the digit error rate in percent, at once or while they are heard: the worse one."""
    answers, meant = run(dataset.inputs), dataset.target("digits")
    return max(error_rate(ctc_greedy(answers[name]), meant) for name in WAYS)


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return error rates, whole strings that are right, and how long after its end a digit is said.

    The delay is that of strings that are wholly right, from the end of a digit's recording to the
    end of the 40 ms in which it is recognized; a digit may be recognized before it is over.
    """
    answers, meant = run(dataset.inputs), dataset.target("digits")
    found = {}
    for name, way in WAYS.items():
        said = ctc_greedy(answers[name])
        found[f"digit error rate {way}, %"] = error_rate(said, meant)
        found[f"strings right {way}, %"] = 100 * float(right(said, meant).mean())
    known = right(ctc_greedy(answers["streamed"]), meant)
    delays = delays_ms(answers["streamed"][known], dataset.target("ends_ms")[known])
    if len(delays):
        found["delay streamed, median, ms"] = float(np.median(delays))
        found["delay streamed, 90 of 100 within, ms"] = float(np.percentile(delays, 90))
    return found


def delays_ms(probabilities: Array, ends_ms: Array) -> Array:
    """Return how long after the end of each digit it is recognized, `(digits,)`, in milliseconds.

    Args:
        probabilities: Of strings that are right, `(n, steps, 11)`.
        ends_ms: When each of their digits ends, `(n, 7)`, then 0.
    """
    _, steps = np.nonzero(ctc_begins(probabilities))
    return np.asarray((steps + 1) * STEP_MS - ends_ms[ends_ms > 0])


def show(inputs: Batch, answers: Batch) -> Sequence[Drawing]:
    """Return each sound as a spectrogram with the digits, over what was written down."""
    return [
        drawn(
            frames,
            scores,
            SYMBOLS,
            f"at once {written(scores, SYMBOLS)}, streamed {written(streamed, SYMBOLS)}",
        )
        for frames, scores, streamed in zip(
            inputs["log_mel"], answers["scores"], answers["streamed"], strict=True
        )
    ]


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return a run that writes down every string right, and one that has each digit wrong."""
    meant = dataset.target("digits")
    wrong = np.where(meant > 0, 1 + meant % len(DIGITS), 0)
    return _run_of(meant), _run_of(wrong)


def _run_of(digits: Array) -> Run:
    """Return a run that is sure of these digits, at every second step from the first."""
    path = np.zeros((len(digits), NUM_FRAMES // NEW), int)
    path[:, : 2 * digits.shape[1] : 2] = digits
    probabilities = np.eye(len(SYMBOLS), dtype=np.float32)[path]
    return lambda _: dict.fromkeys(WAYS, probabilities)


def _unpadded(row: Array) -> list[int]:
    return [int(symbol) for symbol in row if symbol]
