"""Decode with a model that is called once a token: greedily, or with a beam.

Both take a function `step` and know nothing of the model behind it:

    scores, state = step(tokens, state, position)

`tokens` are the last ids, `(n,)` int32; `state` is a dict of arrays with `n` rows, whatever the
model keeps between steps; `position` counts from 0; `scores` are log-probabilities of the next ids,
`(n, vocabulary)`. Rows are dropped when their text has ended, so `n` shrinks as decoding goes on.
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
