"""Word vectors: the text as numbers, the model a device runs, data and score.

What the `words_*` recipes share; `edgekit.domains.text.negative_sampling` trains three of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.text.corpora import word_lines
from edgekit.on_device.programs.nearest import VOCABULARY

NUM_ROWS = 20_000
"""Rows of every word table, whatever the size of a build; those without a word stay zero."""
DIMENSIONS = 100
MIN_COUNT: dict[Size, int] = {"tiny": 1, "full": 5}
"""How often a word must occur to get a vector."""
WORDSIM = "wordsim353.tsv"
NUM_CALIBRATION = 300


# Text: words as numbers, the most frequent first.


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text as numbers.

    Attributes:
        words: The vocabulary, most frequent first; a word's place is its number.
        counts: How often each occurs, `(words,)`.
        ids: The text, words outside the vocabulary left out, `(n,)`, int32.
        lines: Which line each word is from, `(n,)`, int32, never falling.
    """

    words: tuple[str, ...]
    counts: Array
    ids: Array
    lines: Array


def read_text(lines: Sequence[Sequence[str]], *, min_count: int, most: int = NUM_ROWS) -> Text:
    """Number the words of a text that occur `min_count` times or more, at `most` so many.

    Marks such as commas are left out.
    """
    lines = [[word for word in line if word[0].isalnum()] for line in lines]
    counted = Counter(word for line in lines for word in line)
    kept = sorted((-count, word) for word, count in counted.items() if count >= min_count)[:most]
    words = tuple(word for _, word in kept)
    number = {word: index for index, word in enumerate(words)}
    numbered = [[number[word] for word in line if word in number] for line in lines]
    return Text(
        words=words,
        counts=np.array([-count for count, _ in kept], np.int64),
        ids=np.array([index for line in numbered for index in line], np.int32),
        lines=np.repeat(np.arange(len(lines), dtype=np.int32), [len(line) for line in numbered]),
    )


@lru_cache(maxsize=2)
def training_text(size: Size) -> Text:
    """Return what vectors are trained on: English Bible verses and film reviews."""
    return read_text(word_lines("train", size), min_count=MIN_COUNT[size])


def cooccurrences(text: Text, window: int) -> Any:
    """Count how often two words stand within `window` of each other in a line.

    Returns:
        Symmetric `scipy.sparse` matrix in CSR form, `(words, words)`, float64; two words at
        distance d count 1/d.

    Source: Pennington, Socher, Manning, GloVe, 2014, https://aclanthology.org/D14-1162.
    """
    from scipy import sparse

    total = sparse.csr_matrix((len(text.words), len(text.words)))
    for distance in range(1, window + 1):
        same = text.lines[:-distance] == text.lines[distance:]
        pair = text.ids[:-distance][same], text.ids[distance:][same]
        total += sparse.coo_matrix((np.full(same.sum(), 1 / distance), pair), total.shape).tocsr()
    return (total + total.T).tocsr()


# Data: pairs of words that people judged are the test; the other words are for the rest.


def read_wordsim() -> list[tuple[str, str, float]]:
    """Return the 353 pairs of words and how related people found them, 0 to 10.

    Source: Finkelstein et al., Placing Search in Context: The Concept Revisited, 2002,
        https://doi.org/10.1145/503104.503110.
    """
    lines = (PACKAGED / WORDSIM).read_text(encoding="ascii").splitlines()
    rows = (line.lower().split("\t") for line in lines if not line.startswith("#"))
    return [(first, second, float(value)) for first, second, value in rows]


def judged_words(words: Sequence[str]) -> tuple[list[str], Array]:
    """Return the WordSim-353 pairs whose words are both among `words`.

    Returns:
        First and second word of each pair in turn, and the judgement of the pair beside both.
    """
    there = set(words)
    pairs = [pair for pair in read_wordsim() if there.issuperset(pair[:2])]
    flat = [word for first, second, _ in pairs for word in (first, second)]
    return flat, np.repeat(np.array([value for *_, value in pairs], np.float32), 2)


def words_of(split: Split, size: Size) -> tuple[list[str], Array]:
    """Return the words of a split and their targets, float32.

    Test words are those of `judged_words`. Of the other words of the vocabulary every tenth is for
    validation, the rest for train, whose target is the word's number; calibration is 300 of them.
    (The vectors themselves are trained on running text, see `training_text`.)
    """
    words = training_text(size).words
    if split == "test":
        return judged_words(words)
    judged = {word for pair in read_wordsim() for word in pair[:2]}
    numbers = [number for number, word in enumerate(words) if word not in judged]
    kept = [n for place, n in enumerate(numbers) if (place % 10 == 0) == (split == "validation")]
    if split == "calibration":
        kept = kept[:: max(1, len(kept) // NUM_CALIBRATION)][:NUM_CALIBRATION]
    return [words[number] for number in kept], np.array(kept, np.float32)


def numbered_words(split: Split, size: Size) -> Dataset:
    """Return `words_of` a split as their numbers, `(n, 1)`, int32, with their targets."""
    number = {word: index for index, word in enumerate(training_text(size).words)}
    words, targets = words_of(split, size)
    inputs = {"word": np.array([[number[word]] for word in words], np.int32)}
    return Dataset(inputs=inputs, targets=targets)


def vocabulary_file(size: Size) -> dict[str, str]:
    """Return the asset `vocabulary.txt`: one word a line, in the order of their numbers."""
    return {VOCABULARY: "\n".join(training_text(size).words) + "\n"}


# Model: what a device runs. One table is both the vectors and what they are compared with.

OUTPUTS = (
    Tensor(name="vector", shape=(1, DIMENSIONS), meaning="vector of the word, length 1"),
    Tensor(
        name="similarity",
        shape=(1, NUM_ROWS),
        meaning="cosine of the angle to each word's vector, 0 where it is negative",
    ),
)
SIGNATURE = Signature(
    inputs=(Tensor(name="word", shape=(1, 1), dtype="int32", meaning="number of a word"),),
    outputs=OUTPUTS,
)


def nearest_model(name: str) -> Any:
    """Return a model of `SIGNATURE`: a word's vector, and its similarity to all words.

    Negative similarities are cut: neighbours are wanted, and in int8 the others have twice the
    steps so.
    """
    import keras

    ops = keras.ops
    word = keras.Input((1,), dtype="int32", name="word")
    table = keras.layers.Embedding(NUM_ROWS, DIMENSIONS, name="table")
    # The table is looked up once, whole, and both uses read that. Were it looked up for the word
    # and multiplied with besides, an int8 file would hold it twice, with two scales; and the scale
    # for the look-up would come from calibration, not from all words.
    zero = ops.multiply(ops.take(word, 0, axis=0), 0)
    whole = table(ops.add(zero, ops.arange(NUM_ROWS, dtype="int32")))
    vector = keras.layers.Flatten(name="vector")(ops.take(whole, word, axis=0))
    cosine = ops.matmul(vector, ops.transpose(whole))
    similarity = keras.layers.ReLU(name="similarity")(cosine)
    return keras.Model(word, [vector, similarity], name=name)


def fill(model: Any, vectors: Array) -> Any:
    """Put word vectors into the model's table."""
    model.get_layer("table").set_weights([unit_rows(vectors)])
    return model


def unit_rows(vectors: Array) -> Array:
    """Return a table of vectors scaled to length 1, and zeros behind them, `(NUM_ROWS, ...)`."""
    rows = np.zeros((NUM_ROWS, vectors.shape[1]), np.float32)
    rows[: len(vectors)] = unit(vectors)
    return rows


def unit(vectors: Array) -> Array:
    """Return vectors `(n, dimensions)` scaled to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths))


def start_table(num_rows: int) -> Array:
    """Return random vectors as word2vec starts with them: uniform, at most half of 1/dimensions."""
    return (np.random.random((num_rows, DIMENSIONS)).astype(np.float32) - 0.5) / DIMENSIONS


# Score: do angles between vectors order pairs of words as people do?


METRIC = Metric(name="rank correlation on WordSim-353", unit="points")
SOURCE = (
    "Finkelstein et al., Placing Search in Context, 2002, https://doi.org/10.1145/503104.503110"
)


def score(run: Run, dataset: Dataset) -> float:
    """Return the rank correlation of a model's `vector`s with human judgements, in points."""
    return rank_correlation(run(dataset.inputs)["vector"], dataset.target())


def rank_correlation(vectors: Array, judgements: Array) -> float:
    """Return Spearman's correlation of cosines with judgements, in points: 100 is the same order.

    Args:
        vectors: First and second word of each pair in turn, `(2 * pairs, dimensions)`.
        judgements: Of the pair, beside both, `(2 * pairs,)`.

    Returns:
        -100 to 100; 0 if all cosines are equal.
    """
    from scipy.stats import spearmanr

    pairs = len(vectors) // 2
    halves = unit(vectors[: 2 * pairs]).reshape(pairs, 2, -1)
    cosines = np.sum(halves[:, 0] * halves[:, 1], axis=-1)
    if np.ptp(cosines) == 0:
        return 0.0
    return 100 * float(spearmanr(cosines, judgements[: 2 * pairs : 2]).statistic)


def counts_baseline(size: Size, progress: Progress) -> float:
    """Return the score of rows of co-occurrence counts as vectors: nothing is learnt."""
    text = training_text(size)
    progress(0.1, "counting")
    counts = cooccurrences(text, 5)
    number = {word: index for index, word in enumerate(text.words)}
    words, judgements = judged_words(text.words)
    rows = counts[[number[word] for word in words]].toarray()
    return rank_correlation(rows, judgements)


BASELINE = ("counts of neighbours", counts_baseline)
