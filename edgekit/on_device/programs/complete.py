"""Continue a text word by word, with the model of this bundle.

    python3 complete.py --variant int8 "In the beginning God created"
    python3 complete.py --variant int8 --sample 20 --seed 1 "This film is"

The model is one step: it takes a word, its position, and the keys and values of the words before;
it answers with a score for every word that may come next, and the key and value of this one. This
loop keeps those, so that no word is read twice.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Mapping

import numpy as np

from ..answering import TEXTS, Answer, Models, Program, at_least_one
from ..arrays import Array, Batch, Run
from ..decoding import State, Step, beam_search, greedy, log_softmax
from ..vocabulary import END, PAD, UNKNOWN, read_vocabulary
from ..words import split_words

CONTEXT = 64
"""Words the model sees: this one and 63 before it."""
LAYERS, HEADS, HEAD_DIM = 3, 4, 32
VISIBLE = 15.0
"""The step's input `visible` is this for slots with a word, and its negative for empty ones.

Slot 0 counts as filled. Its key and value are zero, so that a word may attend to nothing.
"""
PROMPT, COMPLETION = 32, 8
"""Words of a test window that a completion starts from, and words that it adds."""


def empty(rows: int) -> dict[str, Array]:
    """Return keys and values with no word in them, `(rows, layers * heads, 64, head size)`."""
    shape = (rows, LAYERS * HEADS, CONTEXT, HEAD_DIM)
    return {name: np.zeros(shape, np.float32) for name in ("keys", "values")}


def as_step(run: Run) -> Step:
    """Return the model's step as `decoding` calls it; `position` counts from the first word.

    It writes the new key and value into the state it is chosen.
    """

    def step(tokens: Array, state: State, position: int) -> tuple[Array, State]:
        rows = len(tokens)
        used = np.arange(CONTEXT + 1) <= position
        used[-1] = True  # the word itself comes after those before it
        answer = run(
            {
                "token": np.asarray(tokens, np.int32)[:, np.newaxis],
                "position": np.full((rows, 1), position, np.int32),
                "visible": np.tile(np.where(used, VISIBLE, -VISIBLE).astype(np.float32), (rows, 1)),
                **state,
            }
        )
        if position < CONTEXT - 1:
            state["keys"][:, :, position + 1] = answer["key"][:, :, 0]
            state["values"][:, :, position + 1] = answer["value"][:, :, 0]
        return log_softmax(answer["scores"]), state

    return step


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the function that a model is scored with.

    It takes `tokens`, windows `(n, 65)`. It answers with `log_probabilities` `(n, 64)` of each
    token but the first, and with a `completion` `(n, 8)`, int32, of the first 32, without looking
    at the others.
    """

    def run(inputs: Batch) -> Batch:
        tokens, step = inputs["tokens"], as_step(runs["step"])
        rows, state = np.arange(len(tokens)), empty(len(tokens))
        log_probabilities = np.zeros((len(tokens), CONTEXT), np.float32)
        for position in range(CONTEXT):
            scores, _ = step(tokens[:, position], state, position)
            log_probabilities[:, position] = scores[rows, tokens[:, position + 1]]
        continuation = _after(step, tokens[:, :PROMPT])
        completion = greedy(continuation, state, begin=PAD, end=END, length=COMPLETION)
        return {"log_probabilities": log_probabilities, "completion": completion}

    return run


def complete(run: Run, prompt: Array, *, length: int = COMPLETION, beam: int = 1) -> Array:
    """Return the most probable next tokens, `(length,)`, int32, padded with 0.

    Args:
        run: The part `step`.
        prompt: Tokens of one text, at least one; in training `END` came before every line.
        length: Tokens to add, 1..63; a text ends earlier with `END`.
        beam: Beginnings kept; 1 takes the best token at every step.
    """
    step, prompt = as_step(run), _newest(prompt, length)
    continuation, state = _after(step, prompt), _read(step, prompt)
    marks = {"begin": PAD, "end": END, "length": length}
    if beam == 1:
        rows = greedy(continuation, state, **marks)
    else:
        rows = beam_search(continuation, state, width=beam, **marks)
    return np.asarray(rows[0])


def sample(run: Run, prompt: Array, *, length: int, among: int, seed: int) -> Array:
    """Return next tokens drawn at random from the `among` most probable ones at each step.

    Args:
        run: The part `step`.
        prompt: As for `complete`.
        length: Tokens to add, 1..63.
        among: 1 and more.
        seed: The same seed draws the same tokens.

    Source: Fan, Lewis, Dauphin, Hierarchical Neural Story Generation, 2018,
        https://arxiv.org/abs/1805.04833.
    """
    step, prompt, random = as_step(run), _newest(prompt, length), np.random.default_rng(seed)
    continuation, state = _after(step, prompt), _read(step, prompt)
    tokens = np.full(length, PAD, np.int32)
    for position in range(length):
        scores, state = continuation(tokens[position - 1 : position], state, position)
        best = np.argsort(-scores[0], kind="stable")[:among]
        shares = np.exp(scores[0, best].astype(np.float64))
        tokens[position] = random.choice(best, p=shares / shares.sum())
        if tokens[position] == END:
            break
    return tokens


def _after(step: Step, prompt: Array) -> Step:
    """Return the step that continues prompts `(rows, words)`; it never says `<pad>` or `<unk>`.

    Its first call reads the last word of each prompt again, in place of the tokens it is given.
    """
    start = prompt.shape[1] - 1

    def continuation(tokens: Array, state: State, position: int) -> tuple[Array, State]:
        read = prompt[:, -1] if position == 0 else tokens
        scores, state = step(read, state, start + position)
        scores[:, [PAD, UNKNOWN]] = -np.inf
        return scores, state

    return continuation


def _read(step: Step, prompt: Array) -> State:
    """Return the state after all words but the last of a prompt `(1, words)`."""
    state: State = empty(1)
    for position, token in enumerate(prompt[0, :-1]):
        _, state = step(np.array([token]), state, position)
    return state


def _newest(prompt: Array, length: int) -> Array:
    """Return the end of a prompt that leaves room for `length` more tokens, `(1, words)`."""
    return np.asarray(prompt, np.int32)[np.newaxis, -(CONTEXT + 1 - length) :]


def answer(models: Models, text: str, options: Namespace) -> Answer:
    """Return a text and its continuation."""
    length, among = options.length, options.sample
    if not 1 <= length < CONTEXT:
        raise ValueError(f"--length is {length}; allowed are 1 to {CONTEXT - 1}.")
    words, run = read_vocabulary(models.folder), models.runs["step"]
    prompt = np.array([END, *words.encode(split_words(text))])
    if among:
        tokens = sample(run, prompt, length=length, among=among, seed=options.seed)
    else:
        tokens = complete(run, prompt, length=length, beam=options.beam)
    added = words.decode(token for token in tokens if token not in (PAD, END))
    return Answer([" ".join([text, *added])])


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--length", type=int, default=12, help="words to add, 1 to 63")
    parser.add_argument("--beam", type=at_least_one, default=1, help="beginnings kept; 1 is greedy")
    parser.add_argument("--sample", type=int, default=0, metavar="K", help="draw among the K best")
    parser.add_argument("--seed", type=int, default=0, help="of --sample")


program = Program(
    answer,
    takes=TEXTS,
    description="Continue an English text.",
    example='"In the beginning God created"',
    options=_options,
)
main = program.main

if __name__ == "__main__":
    main()
