"""Translate English into Spanish with the models of this bundle.

    python3 translate.py --variant int8 --beam 4 "In the beginning God created the heavens."

A translation model is two parts: `encode` reads the English once, `step` is called for each Spanish
subword. What `encode` answers is given to every step. What a step answers as `next_X` is its input
`X` the next time; what it answers as `new_X` becomes one row of its input `X`, a cache that is
empty at the beginning. The last step needs no row: nothing comes after it.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import Mapping, Sequence

import numpy as np

from ..answering import TEXTS, Answer, Models, Program, at_least_one
from ..arrays import Array, Batch, Run
from ..decoding import State, beam_search, greedy
from ..interpreter import ModelFacts
from ..subwords import BEGIN, END, PADDING, Subwords

SOURCE_LENGTH = 40
TARGET_LENGTH = 40
"""Subwords at most, with the mark of the end."""

SCORE_RANGE = 5.0
"""A step answers log-probabilities plus 5, cut at 0 and 6. In int8 the 255 steps then cover
probabilities down to 0.007, and none is spent on what is not going to be said."""

SUBWORD_FILES = {"english": "bible_subwords_english.txt", "spanish": "bible_subwords_spanish.txt"}


def translate(
    runs: Mapping[str, Run],
    source: Array,
    *,
    caches: Mapping[str, Sequence[int]],
    beam: int = 1,
) -> Array:
    """Return Spanish subwords `(n, 40)`, int32, for English ones of the same shape and type.

    Args:
        runs: Part name -> function of a batch, as `interpreter.load` returns.
        source: English subwords, the mark of the end, padding.
        caches: Name -> shape of a step's inputs that are empty at the beginning.
        beam: Beginnings kept; 1 takes the best subword at every step.
    """
    count = len(source)
    state = dict(runs["encode"]({"source": source}))
    for name, shape in caches.items():
        state[name] = np.zeros((count, *shape), np.float32)

    def step(tokens: Array, state: State, position: int) -> tuple[Array, State]:
        batch = {**state, "token": tokens[:, None]}
        if caches:
            batch["position"] = np.full((len(tokens), 1), position, np.int32)
        answer = runs["step"](batch)
        return answer["scores"] - SCORE_RANGE, _followed(state, answer, position)

    marks = {"begin": BEGIN, "end": END, "length": TARGET_LENGTH}
    if beam == 1:
        return greedy(step, state, **marks)
    return beam_search(step, state, width=beam, **marks)


def ended(rows: Sequence[Sequence[int]], length: int) -> Array:
    """Return rows of ids as `(n, length)`, int32: cut, the mark of the end added, padded."""
    result = np.full((len(rows), length), PADDING, np.int32)
    for number, row in enumerate(rows):
        ids = [*row[: length - 1], END]
        result[number, : len(ids)] = ids
    return result


def caches_of(parts: Mapping[str, ModelFacts]) -> dict[str, list[int]]:
    """Return name and shape of those inputs of `step` that nothing else fills."""
    given = {tensor["name"] for tensor in parts["encode"]["outputs"]} | {"token", "position"}
    inputs = parts["step"]["inputs"]
    return {tensor["name"]: tensor["shape"][1:] for tensor in inputs if tensor["name"] not in given}


def answer(models: Models, text: str, options: Namespace) -> Answer:
    """Translate a text."""
    english, spanish = (
        Subwords.from_text((models.folder / SUBWORD_FILES[language]).read_text(encoding="utf-8"))
        for language in ("english", "spanish")
    )
    source = ended([english.encode(text)], SOURCE_LENGTH)
    caches = caches_of(models.facts)
    rows = translate(models.runs, source, caches=caches, beam=options.beam)
    return Answer([spanish.decode(rows[0].tolist())])


def _followed(state: State, answer: Batch, position: int) -> State:
    """Return the state after a step. Its caches are those before the step, with one row more."""
    after = dict(state)
    for name, value in answer.items():
        kind, _, kept = name.partition("_")
        if kind == "next":
            after[kept] = value
        elif kind == "new" and position < after[kept].shape[1]:
            after[kept][:, position] = value
    return after


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--beam", type=at_least_one, default=1, help="beginnings kept; 1 is greedy")


program = Program(
    answer,
    takes=replace(TEXTS, help="English, up to 20 words; or a .txt file with one text a line"),
    description="Translate English into Spanish.",
    example='"In the beginning God created the heavens."',
    options=_options,
)
main = program.main

if __name__ == "__main__":
    main()
