"""Do both ways to answer a tree agree with Keras, and which one is smaller and faster?

    python benchmarks/trees.py runs/sentiment_treernn [--variants float32,int8] [--count 500]

- off: the largest difference to the scores of Keras over all words and phrases of test trees.
- labels: the share of words and phrases for which the likeliest label is the same.
- kB: of the files that a way takes.
- ms: of one tree on one thread, NumPy between the files included; the median over test trees of at
  most 10, of 11 to 25, and of more words.

At last, the binary accuracy of Keras on trees of the treebank, and on trees made without a parse.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from edgekit.building.run_folder import source_path
from edgekit.core.types import Array, Run
from edgekit.domains.trees import treebank
from edgekit.on_device.interpreter import describe, load
from edgekit.on_device.programs.sentiment_tree import shape_of
from edgekit.on_device.trees.bracketed import Tree, balanced, right_branching
from edgekit.on_device.trees.composing import (
    PHRASE,
    TREE,
    WORD,
    Shape,
    at_once,
    composed,
)
from edgekit.reporting import report_json
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import runner

LENGTHS = (10, 25, 64)
Way = Callable[[list[Shape]], list[Array]]


def ways_of(runs: Mapping[str, Run]) -> dict[tuple[str, ...], Way]:
    """Return both ways, by the files that they take."""
    return {
        (WORD, PHRASE): lambda shapes: composed(runs, shapes),
        (TREE,): lambda shapes: at_once(runs[TREE], shapes),
    }


def tell_variant(bundle: Path, variant: str, shapes: list[Shape], expected: Array) -> None:
    """Print a row for each way."""
    facts, runs = describe(bundle, variant), load(bundle, variant)
    for files, way in ways_of(runs).items():
        found = np.concatenate(way(shapes))
        same = 100 * np.mean(found.argmax(axis=1) == expected.argmax(axis=1))
        size = sum((bundle / facts[name]["file"]).stat().st_size for name in files)
        times = " ".join(f"{each:8.2f}" for each in times_of(way, shapes))
        print(
            f"{variant:13} {' + '.join(files):13} {np.abs(found - expected).max():9.6f} "
            f"{same:7.2f} {size / 1e3:9.1f} {times}",
            flush=True,
        )


def times_of(way: Way, shapes: list[Shape]) -> list[float]:
    """Return milliseconds of a tree, the median of each range of lengths."""
    taken: dict[int, list[float]] = {most: [] for most in LENGTHS}
    for shape in shapes:
        start = time.perf_counter()
        way([shape])
        most = next(most for most in LENGTHS if len(shape.ids) <= most)
        taken[most].append(1000 * (time.perf_counter() - start))
    return [statistics.median(each) for each in taken.values()]


def tell_parses(runs: Mapping[str, Run], trees: Sequence[Tree]) -> None:
    """Print how well sentences are answered whose trees are made without a parse."""
    labels = np.array([tree.labels[-1] for tree in trees])
    for name, shaped in (
        ("as parsed", trees),
        ("each word joined with all that follow", [right_branching(t.words) for t in trees]),
        ("balanced", [balanced(tree.words) for tree in trees]),
    ):
        scores = composed(runs, shapes_of(shaped))
        accuracy = treebank.binary_accuracy(np.stack([each[-1] for each in scores]), labels)
        print(f"{accuracy:.1f} %  {name}", flush=True)


def shapes_of(trees: Sequence[Tree]) -> list[Shape]:
    """Return trees as numbers."""
    return [shape_of(tree, treebank.vocabulary()) for tree in trees]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="run folder of a build")
    parser.add_argument("--variants", default="float32,int8")
    parser.add_argument("--count", type=int, default=500, help="test trees")
    chosen = parser.parse_args()
    report = report_json.load_report(chosen.folder)
    trees = treebank.trees("test", report.size)
    some = shapes_of(trees[:: max(1, len(trees) // chosen.count)][: chosen.count])
    runs = {
        name: runner(load_model(source_path(chosen.folder, name))) for name in (WORD, PHRASE, TREE)
    }
    expected = np.concatenate(composed(runs, some))
    whole = np.concatenate(at_once(runs[TREE], some))
    print(f"{len(some)} trees; Keras, both ways: {np.abs(whole - expected).max():.1e} apart")
    lengths = " ".join(f"{most:5} w." for most in LENGTHS)
    print(f"{'variant':13} {'files':13} {'off':>9} {'labels':>7} {'kB':>9} {lengths} ms")
    for variant in chosen.variants.split(","):
        tell_variant(chosen.folder / "bundle", variant, some, expected)
    tell_parses(runs, trees)


if __name__ == "__main__":
    main()
