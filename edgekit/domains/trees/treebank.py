"""The Stanford Sentiment Treebank as trees of numbers: 11,851 sentences, a label at every phrase.

Source: Socher et al., Recursive Deep Models for Semantic Compositionality Over a Sentiment
Treebank, 2013, https://aclanthology.org/D13-1170.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset, Metric, Signature, Tensor
from edgekit.core.types import Array, Batch, Run, Size, Split
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.texts import SST
from edgekit.on_device.programs.sentiment_tree import shape_of
from edgekit.on_device.trees.bracketed import UNLABELLED, Tree, read_tree, write_tree
from edgekit.on_device.trees.composing import MOST_WORDS, NUM_NODES, Shape, padded
from edgekit.on_device.vocabulary import FILE_NAME, Vocabulary

SMALL = "sentiment_trees_small.txt.gz"
"""Trees in the order of the splits, an empty line between them."""

WORDS = "sentiment_words.txt"
EXAMPLE = "example.txt"

LABELS = ("very negative", "negative", "neutral", "positive", "very positive")
NEUTRAL = 2
NUM_CALIBRATION = 100
FILES: Mapping[Split, str] = {"train": "train", "validation": "dev", "test": "test"}


def read_trees(lines: Sequence[str]) -> list[Tree]:
    """Return the trees of lines, a label at every node.

    Raises:
        BadData: A line is no such tree.
    """
    trees = []
    for number, line in enumerate(lines, 1):
        try:
            trees.append(read_tree(line))
        except ValueError as error:
            raise BadData(f"Line {number}: {error}") from error
        if UNLABELLED in trees[-1].labels:
            raise BadData(f"Line {number}: a node has no label; give each one of 0 to 4.")
    return trees


@lru_cache(maxsize=6)
def trees(split: Split, size: Size) -> tuple[Tree, ...]:
    """Return the trees of a split; those that also stand in another are left out of `train`.

    Raises:
        Unavailable, BadData: The file is not on this machine, or not the expected one.
    """
    if split == "calibration":
        known = trees("train", size)  # praise first, blame last
        return known[:: len(known) // NUM_CALIBRATION][:NUM_CALIBRATION]
    found = tuple(read_trees(_lines(split, size)))
    if split != "train":
        return found
    others = {" ".join(t.words) for each in ("validation", "test") for t in trees(each, size)}
    return tuple(tree for tree in found if " ".join(tree.words) not in others)


def _lines(split: Split, size: Size) -> list[str]:
    if size == "full":
        path = locate(SST, f"sst/{FILES[split]}.txt.gz")
        return gzip.decompress(path.read_bytes()).decode().strip().split("\n")
    parts = gzip.decompress((PACKAGED / SMALL).read_bytes()).decode().split("\n\n")
    return parts[list(FILES).index(split)].strip().split("\n")


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Return the words, in lower case, that occur at least twice in what is trained on."""
    return Vocabulary((PACKAGED / WORDS).read_text(encoding="utf-8").split("\n")[:-1])


def assets(size: Size) -> dict[str, str | bytes]:
    """Return the vocabulary, and two test trees without labels to try a bundle with."""
    known = trees("test", "tiny")
    chosen = (
        tree._replace(labels=[UNLABELLED] * len(tree.labels)) for tree in known[:: len(known) - 1]
    )
    lines = "".join(f"{write_tree(tree)}\n" for tree in chosen)
    return {FILE_NAME: "\n".join(vocabulary().words) + "\n", EXAMPLE: lines}


def shapes(split: Split, size: Size) -> list[Shape]:
    """Return the trees of a split as numbers."""
    return [shape_of(tree, vocabulary()) for tree in trees(split, size)]


def data(split: Split, size: Size) -> Dataset:
    """Return trees as `padded` makes them, and labels `(n, 127)`: -1 where there is no node."""
    labels = np.full((len(trees(split, size)), NUM_NODES), UNLABELLED, np.int64)
    for row, tree in zip(labels, trees(split, size), strict=True):
        count = len(tree.words)
        row[:count] = tree.labels[:count]
        row[MOST_WORDS : MOST_WORDS + count - 1] = tree.labels[count:]
    return Dataset(inputs=padded(shapes(split, size)), targets=labels)


# Scores: the root alone, negative or positive, as most papers have it; details have all phrases.


def score(run: Run, dataset: Dataset) -> float:
    """Return binary accuracy at the root, phrase by phrase or at once, whichever is worse."""
    answers, labels = run(dataset.inputs), at_roots(dataset.target(), dataset.inputs)
    return min(
        binary_accuracy(at_roots(answers[name], dataset.inputs), labels)
        for name in ("scores", "whole")
    )


def binary_accuracy(scores: Array, labels: Array) -> float:
    """Return which share of sentences that are not neutral is on the right side, in percent.

    Args:
        scores: Of the five labels, `(n, 5)`.
        labels: 0 to 4, `(n,)`.
    """
    is_positive = scores[:, NEUTRAL + 1 :].sum(axis=1) > scores[:, :NEUTRAL].sum(axis=1)
    counted = labels != NEUTRAL
    return 100 * float(np.mean(is_positive[counted] == (labels > NEUTRAL)[counted]))


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return the accuracy of five labels, of all nodes and of the roots."""
    right = run(dataset.inputs)["scores"].argmax(axis=-1) == dataset.target()
    return {
        "all words and phrases, five labels, %": 100 * float(right[dataset.target() >= 0].mean()),
        "roots, five labels, %": 100 * float(at_roots(right, dataset.inputs).mean()),
    }


def at_roots(nodes: Array, inputs: Batch) -> Array:
    """Return what stands at the root of each example, `(n, ...)` of `(n, 127, ...)`."""
    counts = np.count_nonzero(inputs["words"], axis=1)
    return nodes[np.arange(len(counts)), np.where(counts > 1, MOST_WORDS + counts - 2, 0)]


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer each node's label, and the opposite one."""
    labels = np.maximum(dataset.target(), 0)
    right, wrong = (
        np.eye(len(LABELS), dtype=np.float32)[each] for each in (labels, len(LABELS) - 1 - labels)
    )
    return fixed({"scores": right, "whole": right}, {"scores": wrong, "whole": wrong})


METRIC = Metric(name="binary accuracy at the root", unit="%")
SIGNATURE = Signature(
    inputs=(
        Tensor(name="words", shape=(1, MOST_WORDS), dtype="int32", meaning="words, 0 pads"),
        Tensor(
            name="children",
            shape=(1, MOST_WORDS - 1, 2),
            dtype="int32",
            meaning="left and right part of each phrase: a word, or from 64 on a phrase",
        ),
    ),
    outputs=tuple(
        Tensor(name=name, shape=(1, NUM_NODES, len(LABELS)), meaning=meaning)
        for name, meaning in (
            ("scores", "probability of each label, of the words, then of the phrases"),
            ("whole", "the same, by `tree` alone"),
        )
    ),
    labels=LABELS,
)
