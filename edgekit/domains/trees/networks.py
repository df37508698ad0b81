"""Recursive networks over trees: what goes up a tree, and the files that do it on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.core.recipe import Parts, Signature, Tensor
from edgekit.domains.trees.treebank import LABELS
from edgekit.on_device.trees.composing import (
    MOST_WORDS,
    NUM_PHRASES,
    PHRASE,
    ROOM,
    TREE,
    WORD,
    drive,
)

if TYPE_CHECKING:
    import keras


class Cells(NamedTuple):
    """The parts of a recursive network.

    Attributes:
        lexicon: Word `(n, 1)` -> its state `(n, state)`.
        composition: States of the left and right part, `(n, 2 * state)` -> that of the phrase.
        answer: State -> probability of each label.
    """

    lexicon: keras.Model
    composition: keras.Model
    answer: keras.Model


def joined(cells: Cells, name: str) -> keras.Model:
    """Return a network as one model: what it says of a word, and of a phrase of two parts."""
    import keras

    word, both = (
        keras.Input(cell.input_shape[1:], dtype=cell.input.dtype, name=cell.input.name)
        for cell in cells[:2]
    )
    said = [cells.answer(cells.lexicon(word)), cells.answer(cells.composition(both))]
    return keras.Model([word, both], said, name=name)


def cells_of(model: keras.Model) -> Cells:
    """Return the parts of a network that `joined` made."""
    return Cells(*(model.get_layer(name) for name in Cells._fields))


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the files: `word` and `phrase`, and `tree`, which holds all levels."""
    import keras

    cells = cells_of(model)
    word = keras.Input((1,), dtype="int32", name="word")
    state = cells.answer.input_shape[1:]
    sides = [keras.Input(state, name=side) for side in ("left", "right")]
    both = keras.layers.Concatenate()(sides)
    return {
        WORD: _known(WORD, cells, word, cells.lexicon(word)),
        PHRASE: _known(PHRASE, cells, sides, cells.composition(both)),
        TREE: _whole(cells),
    }


def _known(
    name: str,
    cells: Cells,
    given: keras.KerasTensor | list[keras.KerasTensor],
    state: keras.KerasTensor,
) -> keras.Model:
    """Return the network that answers a state, and what is said of it."""
    from keras import Model, layers

    outputs = {"state": state, "scores": cells.answer(state)}
    named = [layers.Identity(name=output)(tensor) for output, tensor in outputs.items()]
    return Model(given, named, name=name)


def _whole(cells: Cells) -> keras.Model:
    """Return the network for a whole tree; `composing.slotted` says what it takes."""
    import keras
    from keras import ops

    words = keras.Input(batch_shape=(1, MOST_WORDS), dtype="int32", name="words")
    children = keras.Input(batch_shape=(1, NUM_PHRASES, 2), dtype="int32", name="children")
    states = cells.lexicon(ops.reshape(words, (MOST_WORDS, 1)))
    ends = np.cumsum(ROOM)[:-1]
    levels = ops.split(ops.reshape(children, (2 * NUM_PHRASES,)), (2 * ends).tolist())
    for room, parts in zip(ROOM, levels, strict=True):
        both = ops.reshape(ops.take(states, parts, axis=0), (room, 2 * states.shape[1]))
        states = ops.concatenate([states, cells.composition(both)], axis=0)
    scores = ops.reshape(cells.answer(states), (1, MOST_WORDS + NUM_PHRASES, len(LABELS)))
    scores = keras.layers.Identity(name="scores")(scores)
    return keras.Model([words, children], scores, name=TREE)


def parts_of(state: int) -> Parts:
    """Return how a network with states of a size is run on a device."""
    known = Tensor(name="state", shape=(1, state), meaning="what a phrase above takes")
    scores = Tensor(name="scores", shape=(1, len(LABELS)), meaning="probability of each label")
    word = Tensor(name="word", shape=(1, 1), dtype="int32", meaning="number of a word")
    sides = tuple(
        Tensor(name=side, shape=(1, state), meaning=f"state of the {side} part")
        for side in ("left", "right")
    )
    whole = (
        Tensor(name="words", shape=(1, MOST_WORDS), dtype="int32", meaning="words, 0 pads"),
        Tensor(
            name="children",
            shape=(1, NUM_PHRASES, 2),
            dtype="int32",
            meaning="slots of the parts of each phrase, level by level",
        ),
    )
    every = Tensor(
        name="scores",
        shape=(1, MOST_WORDS + NUM_PHRASES, len(LABELS)),
        meaning="probability of each label, by slot",
    )
    return Parts(
        signatures={
            WORD: Signature(inputs=(word,), outputs=(known, scores), labels=LABELS),
            PHRASE: Signature(inputs=sides, outputs=(known, scores), labels=LABELS),
            TREE: Signature(inputs=whole, outputs=(every,), labels=LABELS),
        },
        split=split,
        drive=drive,
    )
