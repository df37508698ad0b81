"""Recursive network that tells the sentiment of a sentence and of each phrase in it.

Data: the Stanford Sentiment Treebank (Socher et al. 2013), 11,851 parsed sentences of film reviews
with a label at every word and phrase; `tiny` uses 1,650 that ship with edgekit. Model: a tree-LSTM
(Tai et al. 2015) that goes from the words up the tree. A tree of any shape is answered by the files
`word` and `phrase`, called for one node after another; `tree` answers up to 64 words at once.
Score: binary accuracy at the root, of the worse of both ways. Compared with a recursive neural
tensor network (Socher et al. 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgekit.core.recipe import Program, Recipe
from edgekit.core.types import Progress, Size
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.trees import treebank
from edgekit.domains.trees.forests import labelled
from edgekit.domains.trees.networks import Cells, joined, parts_of, split
from edgekit.domains.trees.shown import show
from edgekit.domains.trees.training import fit_trees
from edgekit.on_device.trees.composing import drive
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import keras

WIDTH = 96
"""Numbers of a word."""

UNITS = 96
"""Of the memory of a tree-LSTM, and of what it shows: a state is both."""

TENSOR_UNITS = 30
"""Of the network it is compared with, whose tensor has 4 times the cube of that many weights. On
validation and test sentences both score alike; in int8 the tree-LSTM is closer to float."""

DROPOUT = 0.5
EPOCHS: dict[Size, int] = {"tiny": 5, "full": 10}
BATCH_SIZE = 32
PEAK_LEARNING_RATE = 3e-3
WEIGHT_DECAY = 5e-3


# Model: what a word is, how two parts are joined, and what is said of either.


def build(size: Size) -> keras.Model:
    """Return the untrained tree-LSTM; it is the same for every size."""
    return network(lstm_word, lstm_phrase)


def network(
    of_word: Callable[[keras.KerasTensor], keras.KerasTensor],
    of_phrase: Callable[[keras.KerasTensor], keras.KerasTensor],
) -> keras.Model:
    """Return an untrained network of any cell.

    Args:
        of_word: Vector of a word -> its state.
        of_phrase: States of the left and the right part, in a row -> that of both together.
    """
    from keras import Input, Model, layers, ops

    word = Input((1,), dtype="int32", name="word")
    table = layers.Embedding(len(treebank.vocabulary().words), WIDTH, name="vectors")
    vector = table(ops.reshape(word, (-1,)))  # LiteRT's GPU accelerator takes one axis of indices
    lexicon = Model(word, of_word(layers.Dropout(DROPOUT)(vector)), name="lexicon")
    (state,) = lexicon.output_shape[1:]
    both = Input((2 * state,), name="both")
    composition = Model(both, of_phrase(both), name="composition")
    said = Input((state,), name="state")
    dense = layers.Dense(len(treebank.LABELS), activation="softmax", name="labels")
    answer = Model(said, dense(layers.Dropout(DROPOUT)(said)), name="answer")
    return joined(Cells(lexicon, composition, answer), "sentiment_treernn")


def lstm_word(vector: keras.KerasTensor) -> keras.KerasTensor:
    """Return the state of a word: what is shown of its memory, and the memory."""
    from keras import layers

    return _remembered(vector, layers.Dense(UNITS, "tanh", name="memory")(vector))


def lstm_phrase(both: keras.KerasTensor) -> keras.KerasTensor:
    """Return the state of a phrase in a binary tree-LSTM with coupled gates.

    Its memory is an average: of both parts' memories, and of something new. So it stays within
    -1..1 on every level, and the state that goes from file to file fits 8 bits (Greff et al. 2015).
    """
    from keras import layers, ops

    left, left_memory, right, right_memory = ops.split(both, 4, axis=1)
    shown = layers.Concatenate()([left, right])
    new = layers.Dense(UNITS, "tanh", name="new")(shown)
    first = layers.Dense(UNITS, "sigmoid", name="first")(shown)
    keep = layers.Dense(UNITS, "sigmoid", name="keep")(shown)
    known = right_memory + first * (left_memory - right_memory)
    return _remembered(shown, new + keep * (known - new))


def _remembered(given: keras.KerasTensor, memory: keras.KerasTensor) -> keras.KerasTensor:
    from keras import layers

    show = layers.Dense(UNITS, "sigmoid", name="show")(given)
    return layers.Concatenate()([show * memory, memory])


def tensor_word(vector: keras.KerasTensor) -> keras.KerasTensor:
    """Return the state of a word in a recursive neural tensor network."""
    from keras import layers

    return layers.Dense(TENSOR_UNITS, "tanh")(vector)


def tensor_phrase(both: keras.KerasTensor) -> keras.KerasTensor:
    """Return the state of a phrase: each product of two numbers of its parts has a weight."""
    from keras import layers, ops

    products = ops.reshape(both[:, :, None] * both[:, None], (-1, (2 * TENSOR_UNITS) ** 2))
    return ops.tanh(
        layers.Dense(TENSOR_UNITS, name="linear")(both)
        + layers.Dense(TENSOR_UNITS, use_bias=False, name="tensor")(products)
    )


# Training: whole sentences at once, the labels of all their words and phrases.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    import keras

    known = zip(treebank.shapes("train", size), treebank.trees("train", size), strict=True)
    trees = [labelled(shape, tree.labels) for shape, tree in known]
    steps = EPOCHS[size] * -(-len(trees) // BATCH_SIZE)
    rate = warm_up_and_fall(PEAK_LEARNING_RATE, steps)
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=WEIGHT_DECAY, clipnorm=1.0, use_ema=True, ema_momentum=0.99
    )
    fit_trees(
        model,
        trees,
        optimizer=optimizer,
        epochs=EPOCHS[size],
        batch_size=BATCH_SIZE,
        progress=progress,
    )
    return model


def tensor_network(size: Size, progress: Progress) -> float:
    """Return the score of a recursive neural tensor network."""
    model = train(network(tensor_word, tensor_phrase), size, progress)
    run = drive({name: runner(part) for name, part in split(model).items()})
    return treebank.score(run, treebank.data("test", size))


recipe = Recipe(
    signature=treebank.SIGNATURE,
    metric=treebank.METRIC,
    baseline=("a recursive neural tensor network", tensor_network),
    source=(
        "Tai, Socher, Manning, Improved Semantic Representations From Tree-Structured LSTM "
        "Networks, 2015, https://arxiv.org/abs/1503.00075; Socher et al., Recursive Deep Models "
        "for Semantic Compositionality Over a Sentiment Treebank, 2013, "
        "https://aclanthology.org/D13-1170; Greff et al., LSTM: A Search Space Odyssey, 2015, "
        "https://arxiv.org/abs/1503.04069"
    ),
    build=build,
    data=treebank.data,
    train=train,
    score=treebank.score,
    details=treebank.details,
    show=show,
    answer_key=treebank.answer_key,
    parts=parts_of(2 * UNITS),
    # Not int16x8: int8 loses nothing. Not retrained: its loss is one of forests, not of files.
    variants=("float32", "float16", "dynamic_int8", "int8"),
    program=Program(name="sentiment_tree", example=("example.txt",)),
    assets=treebank.assets,
    num_emulated=20,
)
