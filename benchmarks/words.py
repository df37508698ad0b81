"""Are our word vectors as good as gensim's on the same text, and how fast are they trained?

CBOW, skip-gram and fastText are trained by us and by gensim on the same words with the same
settings, vocabulary and seeds, each on one thread; GloVe, which gensim lacks, is compared with our
skip-gram. Prints the rank correlation with the pairs of WordSim-353 that are in the vocabulary, in
points (100 is the order people gave), and training words per second of processor time. Exits with 1
if the mean over the seeds is more than 3 points below the peer's.

    python benchmarks/words.py [--size full] [--seeds 3] [FAMILY...]
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from edgekit.core.types import Size, silent
from edgekit.domains.text.word_vectors import (
    DIMENSIONS,
    judged_words,
    rank_correlation,
    score,
    training_text,
)
from edgekit.on_device.ngrams import LARGEST, NUM_BUCKETS, SMALLEST

FAMILIES = ("cbow", "skipgram", "fasttext", "glove")
LIMIT = 3.0
"""Points that a mean may be below the peer's."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Points of each seed, and training words read per second of processor time."""

    points: tuple[float, ...]
    words_per_second: float

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.points))


def own_result(family: str, size: Size, seeds: int) -> Result:
    """Train the recipe of a family once per seed."""
    import keras

    from edgekit.source_model.reference import runner

    module = importlib.import_module(f"edgekit.recipes.words_{family}")
    read = len(training_text(size).ids) * module.SETTINGS[size].epochs
    points, seconds = [], []
    for seed in range(1, seeds + 1):
        keras.utils.set_random_seed(seed)
        start = time.process_time()
        model = module.train(module.build(size), size, silent)
        seconds.append(time.process_time() - start)
        points.append(score(runner(model), module.recipe.data("test", size)))
    return Result(points=tuple(points), words_per_second=seeds * read / sum(seconds))


def gensim_result(family: str, size: Size, seeds: int) -> Result:
    """Train gensim's model of a family once per seed, with the settings of the recipe."""
    from gensim.models import FastText, Word2Vec

    module = importlib.import_module(f"edgekit.recipes.words_{family}")
    settings, lines = module.SETTINGS[size], _lines(size)
    options: dict[str, int] = {"sg": int(family != "cbow")}
    if family == "fasttext":
        options |= {"bucket": NUM_BUCKETS, "min_n": SMALLEST, "max_n": LARGEST}
    kind = FastText if family == "fasttext" else Word2Vec
    words, judgements = judged_words(training_text(size).words)
    read = sum(map(len, lines)) * settings.epochs
    points, seconds = [], []
    for seed in range(1, seeds + 1):
        start = time.process_time()
        model = kind(
            lines,
            vector_size=DIMENSIONS,
            window=settings.window,
            negative=settings.negatives,
            sample=settings.sample,
            epochs=settings.epochs,
            alpha=settings.learning_rate,
            min_count=1,  # the lines hold the words of the vocabulary alone
            workers=1,
            seed=seed,
            **options,
        )
        seconds.append(time.process_time() - start)
        points.append(rank_correlation(model.wv[words], judgements))
    return Result(points=tuple(points), words_per_second=seeds * read / sum(seconds))


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--size", choices=("tiny", "full"), default="full")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    families = chosen.families or FAMILIES
    if wrong := set(families) - set(FAMILIES):
        parser.error(f"family is {', '.join(wrong)}; allowed are {', '.join(FAMILIES)}")
    _one_thread()
    _print_setting(chosen.size, chosen.seeds)
    own: dict[str, Result] = {}
    missed = []
    for family in families:
        own[family] = own_result(family, chosen.size, chosen.seeds)
        if family != "glove":
            peer, name = gensim_result(family, chosen.size, chosen.seeds), "gensim"
        else:
            if "skipgram" not in own:
                own["skipgram"] = own_result("skipgram", chosen.size, chosen.seeds)
            peer, name = own["skipgram"], "our skip-gram"
        _print_line(family, own[family], peer, name)
        if own[family].mean < peer.mean - LIMIT:
            missed.append(family)
    if missed:
        sys.exit(f"More than {LIMIT:g} points below the peer: {', '.join(missed)}.")


def _lines(size: Size) -> list[list[str]]:
    text = training_text(size)
    ends = np.flatnonzero(np.diff(text.lines)) + 1
    return [[text.words[index] for index in line] for line in np.split(text.ids, ends)]


def _one_thread() -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _print_setting(size: Size, seeds: int) -> None:
    import gensim
    import tensorflow as tf

    text = training_text(size)
    pairs = len(judged_words(text.words)[0]) // 2
    print(f"{len(text.ids):,} words of {len(text.words):,}; {pairs} of 353 pairs; {seeds} seeds;")
    print(f"one thread (gensim: workers=1); gensim {gensim.__version__}, TensorFlow ", end="")
    print(f"{tf.__version__}, {platform.machine()}", flush=True)


def _print_line(family: str, own: Result, peer: Result, name: str) -> None:
    each = " ".join(f"{points:.1f}" for points in own.points)
    theirs = " ".join(f"{points:.1f}" for points in peer.points)
    print(
        f"{family:9} {own.mean:5.1f} ({each}) {own.words_per_second:9,.0f} words/s | "
        f"{name} {peer.mean:5.1f} ({theirs}) {peer.words_per_second:9,.0f} words/s | "
        f"{own.mean - peer.mean:+.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
