"""Write `sentiment_words.txt`: the words that occur twice in what the treebank has to train on.

Run `python benchmarks/samples/make_sentiment_words.py` with EDGEKIT_DATA set to the folder that
holds the treebank.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.trees.treebank import WORDS, trees
from edgekit.on_device.trees.bracketed import known_as
from edgekit.on_device.vocabulary import SPECIAL

LEAST = 2


def main() -> None:
    """Write it into `edgekit/datasets/`, the most frequent word first."""
    words = chain.from_iterable(tree.words for tree in trees("train", "full"))
    counts = Counter(map(known_as, words))
    kept = sorted((w for w in counts if counts[w] >= LEAST), key=lambda w: (-counts[w], w))
    text = "\n".join([*SPECIAL, *kept]) + "\n"
    (PACKAGED / WORDS).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
