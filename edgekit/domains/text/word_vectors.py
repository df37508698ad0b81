"""What the `words_*` recipes share: text as numbers, data, the model of the device, the score.

`edgekit.domains.text.negative_sampling` trains three of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.text.corpora import word_lines
from edgekit.on_device.programs.nearest import VOCABULARY

if TYPE_CHECKING:
    import keras
    from scipy import sparse

NUM_ROWS = 20_000
"""Rows of every word table, whatever the size of a build; rows without a word are zeros."""
DIMENSIONS = 100
MIN_COUNT: dict[Size, int] = {"tiny": 1, "full": 5}
"""Occurrences a word needs to get a vector."""
WORDSIM = "wordsim353.tsv"
NUM_CALIBRATION = 300


# Text: words as numbers, the most frequent first.


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text as numbers.

    Attributes:
        words: The vocabulary, most frequent first; a word's index is its number.
        counts: Occurrences of each, `(words,)`.
        ids: The text without the words outside the vocabulary, `(n,)`, int32.
        lines: Number of the line each word is from, `(n,)`, int32, ascending.
    """

    words: tuple[str, ...]
    counts: Array
    ids: Array
    lines: Array


def read_text(lines: Sequence[Sequence[str]], *, min_count: int, most: int = NUM_ROWS) -> Text:
    """Number the words of a text that occur at least `min_count` times; keep the `most` frequent.

    Punctuation marks are left out.
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
    """Return the text vectors are trained on: English Bible verses and film reviews."""
    return read_text(word_lines("train", size), min_count=MIN_COUNT[size])


def cooccurrences(text: Text, window: int) -> sparse.csr_matrix:
    """Count how often two words stand within `window` of each other in a line.

    Returns:
        Symmetric matrix `(words, words)`, float64; two words at distance d count 1/d.

    Source: Pennington, Socher, Manning, GloVe, 2014, https://aclanthology.org/D14-1162.
    """
    from scipy import sparse

    total = sparse.csr_matrix((len(text.words), len(text.words)))
    for distance in range(1, window + 1):
        same = text.lines[:-distance] == text.lines[distance:]
        pair = text.ids[:-distance][same], text.ids[distance:][same]
        total += sparse.coo_matrix((np.full(same.sum(), 1 / distance), pair), total.shape).tocsr()
    return (total + total.T).tocsr()


# Data: the words whose pairs people judged are the test; the other words are for the other splits.


def read_wordsim() -> list[tuple[str, str, float]]:
    """Return 353 pairs of words and how related people judged them to be, 0 to 10.

    Source: Finkelstein et al., Placing Search in Context: The Concept Revisited, 2002,
        https://doi.org/10.1145/503104.503110.
    """
    lines = (PACKAGED / WORDSIM).read_text(encoding="ascii").splitlines()
    rows = (line.lower().split("\t") for line in lines if not line.startswith("#"))
    return [(first, second, float(value)) for first, second, value in rows]


def judged_words(words: Sequence[str]) -> tuple[list[str], Array]:
    """Return the WordSim-353 pairs whose words are both among `words`.

    Returns:
        First and second word of each pair in turn, and for both the judgement of their pair.
    """
    known = set(words)
    pairs = [pair for pair in read_wordsim() if known.issuperset(pair[:2])]
    flat = [word for first, second, _ in pairs for word in (first, second)]
    return flat, np.repeat(np.array([value for *_, value in pairs], np.float32), 2)


def words_of(split: Split, size: Size) -> tuple[list[str], Array]:
    """Return the words of a split and their targets, float32.

    Test words are those of `judged_words`, with the judgements as targets. Every tenth of the other
    words of the vocabulary is for validation, the rest for train, and 300 of these for calibration;
    their target is the word's number. (The vectors are trained on running text: `training_text`.)
    """
    words = training_text(size).words
    if split == "test":
        return judged_words(words)
    judged = {word for pair in read_wordsim() for word in pair[:2]}
    numbers = [number for number, word in enumerate(words) if word not in judged]
    kept = [n for index, n in enumerate(numbers) if (index % 10 == 0) == (split == "validation")]
    if split == "calibration":
        kept = kept[:: max(1, len(kept) // NUM_CALIBRATION)][:NUM_CALIBRATION]
    return [words[number] for number in kept], np.array(kept, np.float32)


def numbered_words(split: Split, size: Size) -> Dataset:
    """Return the words of `words_of` as numbers, `(n, 1)`, int32, with their targets."""
    number = {word: index for index, word in enumerate(training_text(size).words)}
    words, targets = words_of(split, size)
    inputs = {"word": np.array([[number[word]] for word in words], np.int32)}
    return Dataset(inputs=inputs, targets=targets)


def vocabulary_file(size: Size) -> dict[str, str]:
    """Return the asset `vocabulary.txt`: one word per line, in the order of their numbers."""
    return {VOCABULARY: "\n".join(training_text(size).words) + "\n"}


# Model: what the device runs. The same table holds the vectors and what they are compared with.

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


def nearest_model(name: str) -> keras.Model:
    """Return a model of `SIGNATURE`: a word's vector, and its similarity to all words.

    Negative similarities become 0: only neighbours are wanted, and without them int8 has twice the
    resolution.
    """
    import keras

    ops = keras.ops
    word = keras.Input((1,), dtype="int32", name="word")
    table = keras.layers.Embedding(NUM_ROWS, DIMENSIONS, name="table")
    # The whole table is looked up once, and both uses read the result. A second look-up for the
    # word would make an int8 file hold the table twice, with two scales, one of which would come
    # from the calibration words instead of all words.
    zero = ops.multiply(ops.take(word, 0, axis=0), 0)
    whole = table(ops.add(zero, ops.arange(NUM_ROWS, dtype="int32")))
    vector = keras.layers.Flatten(name="vector")(ops.take(whole, word, axis=0))
    cosine = ops.matmul(vector, ops.transpose(whole))
    similarity = keras.layers.ReLU(name="similarity")(cosine)
    return keras.Model(word, [vector, similarity], name=name)


def fill(model: keras.Model, vectors: Array) -> keras.Model:
    """Put word vectors into the table of a `nearest_model` and return it."""
    model.get_layer("table").set_weights([unit_rows(vectors)])
    return model


def unit_rows(vectors: Array) -> Array:
    """Return vectors scaled to length 1, followed by rows of zeros: `(NUM_ROWS, dimensions)`."""
    rows = np.zeros((NUM_ROWS, vectors.shape[1]), np.float32)
    rows[: len(vectors)] = unit(vectors)
    return rows


def unit(vectors: Array) -> Array:
    """Return vectors `(n, dimensions)` scaled to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths))


def start_table(num_rows: int) -> Array:
    """Return word2vec's initial vectors: uniform, at most half of 1/dimensions either way."""
    return (np.random.random((num_rows, DIMENSIONS)).astype(np.float32) - 0.5) / DIMENSIONS


# Score: do the angles between vectors order pairs of words as people do?


METRIC = Metric(name="rank correlation on WordSim-353", unit="points")
SOURCE = (
    "Finkelstein et al., Placing Search in Context, 2002, https://doi.org/10.1145/503104.503110"
)


def score(run: Run, dataset: Dataset) -> float:
    """Return the rank correlation of a model's `vector`s with human judgements, in points."""
    return rank_correlation(run(dataset.inputs)["vector"], dataset.target())


def rank_correlation(vectors: Array, judgements: Array) -> float:
    """Return Spearman's correlation of cosines and judgements, in points: 100 is the same order.

    Args:
        vectors: First and second word of each pair in turn, `(2 * pairs, dimensions)`.
        judgements: For both words the judgement of their pair, `(2 * pairs,)`.

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
    """Return the score of rows of co-occurrence counts, used as vectors without any training."""
    text = training_text(size)
    progress(0.1, "counting")
    counts = cooccurrences(text, 5)
    number = {word: index for index, word in enumerate(text.words)}
    words, judgements = judged_words(text.words)
    rows = counts[[number[word] for word in words]].toarray()
    return rank_correlation(rows, judgements)


BASELINE = ("counts of neighbours", counts_baseline)
