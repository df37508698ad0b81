"""Decode with a model that is called once a token, or that scored every step of a time already.

`greedy` and `beam_search` take a function `step` and know nothing of the model behind it:

    scores, state = step(tokens, state, position)

`tokens` are the last ids, `(n,)` int32; `state` is a dict of arrays with `n` rows, whatever the
model keeps between steps; `position` counts from 0; `scores` are log-probabilities of the next ids,
`(n, vocabulary)`. Rows are dropped when their text has ended, so `n` shrinks as decoding goes on.

`ctc_greedy` and `ctc_beam_search` read what connectionist temporal classification learned: at each
step the probability of each symbol, of which 0 is the blank. A text is what is left of a path
through the steps when equal neighbours become one and blanks are left out.
"""

from __future__ import annotations

from typing import Callable, Mapping, Tuple

import numpy as np

from .arrays import Array

State = Mapping[str, Array]
Step = Callable[[Array, State, int], Tuple[Array, State]]

PADDING = 0


def greedy(step: Step, state: State, *, begin: int, end: int, length: int) -> Array:
    """Take the best id at every step, the first one of equals.

    Args:
        step: As the module says.
        state: The state before the first step, one row for each text.
        begin: The id every text is started with; it is no part of the answer.
        end: The id after which a text ends; it is the last of the answer.
        length: Number of steps at most.

    Returns:
        Ids `(rows, length)`, int32, padded with 0.
    """
    rows = len(next(iter(state.values())))
    tokens = np.full((rows, length), PADDING, np.int32)
    running = np.arange(rows)
    last = np.full(rows, begin, np.int32)
    for position in range(length):
        scores, state = step(last, state, position)
        last = np.argmax(scores, axis=-1).astype(np.int32)
        tokens[running, position] = last
        keep = np.flatnonzero(last != end)
        if not len(keep):
            break
        running, last = running[keep], last[keep]
        state = take(state, keep)
    return tokens


def beam_search(
    step: Step, state: State, *, begin: int, end: int, length: int, width: int = 4
) -> Array:
    """Keep the `width` most probable beginnings of each text, and answer with the best text.

    A text's score is the mean log-probability of its ids: the sum would favour short texts.

    Args:
        step: As the module says; it is called with up to `width` rows for each text.
        state: The state before the first step, one row for each text.
        begin: The id every text is started with.
        end: The id after which a text ends.
        length: Number of steps at most.
        width: Number of beginnings kept; 1 is greedy decoding.

    Returns:
        Ids `(rows, length)`, int32, padded with 0.

    Source: Sutskever, Vinyals, Le, Sequence to Sequence Learning with Neural Networks, 2014,
        https://arxiv.org/abs/1409.3215; dividing by the length: Wu et al., Google's Neural Machine
        Translation System, 2016, https://arxiv.org/abs/1609.08144.
    """
    rows = len(next(iter(state.values())))
    answer = np.full((rows, length), PADDING, np.int32)
    best = np.full(rows, -np.inf)
    texts = np.arange(rows)
    beginnings = np.zeros((rows, 0), np.int32)
    sums = np.zeros(rows)
    for position in range(length):
        last = beginnings[:, -1] if position else np.full(rows, begin, np.int32)
        scores, state = step(last, state, position)
        totals = sums[:, None] + scores
        parents, ids = _best_of_each(totals, texts, width)
        sums, texts = totals[parents, ids], texts[parents]
        beginnings = np.column_stack([beginnings[parents], ids]).astype(np.int32)
        ended = (ids == end) | (position == length - 1)
        for row in np.flatnonzero(ended):
            if sums[row] / (position + 1) > best[texts[row]]:
                best[texts[row]] = sums[row] / (position + 1)
                answer[texts[row]] = PADDING
                answer[texts[row], : position + 1] = beginnings[row]
        # A log-probability is at most 0: what is below the best even if it goes on for free is out.
        keep = np.flatnonzero(~ended & (sums / length > best[texts]))
        if not len(keep):
            break
        beginnings, sums, texts = beginnings[keep], sums[keep], texts[keep]
        state = take(state, parents[keep])
    return answer


def ctc_greedy(probabilities: Array) -> Array:
    """Read the most probable symbol of each step: the best path, not always the best text.

    Args:
        probabilities: `(rows, steps, symbols)`; symbol 0 is the blank.

    Returns:
        Ids `(rows, steps)`, int32, padded with 0.

    Source: Graves et al., Connectionist Temporal Classification, 2006,
        https://doi.org/10.1145/1143844.1143891.

    Example:
        >>> ctc_greedy(np.eye(3)[np.array([[0, 1, 1, 0, 1, 2]])]).tolist()
        [[1, 1, 2, 0, 0, 0]]
    """
    best, kept = probabilities.argmax(axis=-1), ctc_begins(probabilities)
    tokens = np.zeros(best.shape, np.int32)
    rows, _ = np.nonzero(kept)
    tokens[rows, (np.cumsum(kept, axis=1) - 1)[kept]] = best[kept]
    return tokens


def ctc_begins(probabilities: Array) -> Array:
    """Tell at which steps the best path begins a symbol, `(rows, steps)`, bool.

    Args:
        probabilities: `(rows, steps, symbols)`; symbol 0 is the blank.
    """
    best = probabilities.argmax(axis=-1)
    before = np.pad(best[:, :-1], ((0, 0), (1, 0)), constant_values=PADDING)
    return np.asarray((best != PADDING) & (best != before))


def ctc_beam_search(probabilities: Array, *, width: int = 8) -> Array:
    """Read the most probable text, adding up all paths that lead to it.

    Args:
        probabilities: `(rows, steps, symbols)`; symbol 0 is the blank.
        width: Beginnings that are kept at each step; enough of them make the answer exact.

    Returns:
        Ids `(rows, steps)`, int32, padded with 0.

    Source: Graves et al., Connectionist Temporal Classification, 2006, section 3.2; with a beam as
        in Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition, 2014,
        https://arxiv.org/abs/1408.2873.
    """
    tokens = np.zeros(probabilities.shape[:2], np.int32)
    for row, steps in enumerate(np.asarray(probabilities, np.float64)):
        best = _most_probable_text(steps, width)
        tokens[row, : len(best)] = best
    return tokens


def _most_probable_text(steps: Array, width: int) -> Tuple[int, ...]:
    """Return the best text of one row, `(steps, symbols)`.

    Beginning -> the probability of the paths to it that end in a blank, and of the others. They are
    scaled at each step, since hundreds of factors below 1 would end at 0.
    """
    beam: dict[Tuple[int, ...], Array] = {(): np.array([1.0, 0.0])}
    for scores in steps:
        found: dict[Tuple[int, ...], Array] = {}
        for text, (blank, symbol) in beam.items():
            last = text[-1] if text else PADDING
            stays = np.array(
                [(blank + symbol) * scores[PADDING], symbol * scores[last] * (last > 0)]
            )
            found[text] = found.get(text, 0.0) + stays
            for new in np.flatnonzero(scores):
                if new != PADDING:
                    paths = blank if new == last else blank + symbol
                    longer = (*text, int(new))
                    found[longer] = found.get(longer, 0.0) + np.array([0.0, paths * scores[new]])
        kept = sorted(found, key=lambda text: -found[text].sum())[:width]
        largest = found[kept[0]].sum() or 1.0
        beam = {text: found[text] / largest for text in kept}
    return max(beam, key=lambda text: beam[text].sum())


def take(state: State, rows: Array) -> State:
    """Return the given rows of every array of a state."""
    if len(rows) == len(next(iter(state.values()))) and (rows == np.arange(len(rows))).all():
        return state
    return {name: array[rows] for name, array in state.items()}


def log_softmax(scores: Array) -> Array:
    """Return log-probabilities along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _best_of_each(totals: Array, texts: Array, count: int) -> tuple[Array, Array]:
    """Return rows and columns of the largest totals of each text, whose rows are adjacent."""
    starts = np.flatnonzero(np.diff(texts, prepend=-1))
    parents, ids = [], []
    for start, stop in zip(starts, [*starts[1:], len(texts)]):
        rows, columns = np.divmod(_largest(totals[start:stop], count), totals.shape[1])
        parents.append(start + rows)
        ids.append(columns)
    return np.concatenate(parents), np.concatenate(ids)


def _largest(totals: Array, count: int) -> Array:
    """Return the flat indices of the largest values, best first, the first one of equals."""
    flat = totals.ravel()
    count = min(count, flat.size)
    limit = np.partition(flat, flat.size - count)[flat.size - count]
    candidates = np.flatnonzero(flat >= limit)
    return candidates[np.argsort(-flat[candidates], kind="stable")][:count]
