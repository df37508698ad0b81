"""Graphs: how well the recipes' networks do with several seeds, and which form of links is faster.

`accuracy` trains both networks on Cora and CiteSeer, each with several seeds, as the recipes train:
mean and standard deviation of the test accuracy at the epoch of the best validation. No seed is
chosen. A run that was stopped goes on where `--kept` ends. `forms` converts one network by a list
of links and by a matrix, of more and more nodes with random weights, and times them on one thread:
the median over turns of the median of a burst.

    python benchmarks/graphs.py accuracy [--kept FILE] [--seeds 5] [--recipe NAME] [--graph NAME]
    python benchmarks/graphs.py forms [--turns 9] [--runtime NAME ...] [--nodes 32 ...]
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.converters.tflite import convert
from edgekit.core.types import Array, silent
from edgekit.domains.graphs.citations import NUM_WORDS, published
from edgekit.domains.graphs.propagation import (
    attend,
    attend_dense,
    convolve,
    convolve_dense,
    graph_inputs,
    mean_of_words,
)
from edgekit.domains.graphs.training import fit_whole, whole_graph
from edgekit.domains.learning.scores import accuracy
from edgekit.on_device.graphs.neighbourhoods import Room
from edgekit.running.session import open_session
from edgekit.verbs.check import check

if TYPE_CHECKING:
    import keras

RECIPES = ("graph_gcn", "graph_gat")
GRAPHS = ("cora", "citeseer")
LINKS_A_NODE = 5
"""In both directions and with itself, as Cora has 4.9."""

WORDS = 32
CLASSES = 7
NUM_CALIBRATION = 4
TARGETS = ("gpu", "microcontroller", "edgetpu")
"""Asked whether they take a form."""


def trained_accuracy(name: str, graph: str, seed: int) -> float:
    """Return the test accuracy of a recipe's network on a graph, in percent."""
    import keras

    keras.utils.set_random_seed(seed)
    recipe = importlib.import_module(f"edgekit.recipes.{name}")
    labelled = published(graph)
    num_words, num_classes = labelled.num_words, len(labelled.class_names)
    model = recipe.network(labelled.room, num_words=num_words, num_classes=num_classes, whole=True)
    schedule, symmetric = recipe.SCHEDULE["full"], recipe.SYMMETRIC
    fit_whole(model, labelled, schedule, symmetric=symmetric, progress=silent)
    inputs, _ = whole_graph(labelled, symmetric=symmetric)
    test = labelled.splits["test"]
    return accuracy(np.asarray(model(inputs))[0, test], labelled.labels[test])


def tell_accuracy(options: argparse.Namespace) -> None:
    """Print the accuracy of each network on each graph."""
    kept = json.loads(options.kept.read_text()) if options.kept.exists() else {}
    for name in options.recipe or RECIPES:
        for graph in options.graph or GRAPHS:
            found = kept.setdefault(f"{name} {graph}", {})
            for seed in map(str, range(options.seeds)):
                if seed not in found:
                    start = time.monotonic()
                    share = trained_accuracy(name, graph, int(seed))
                    found[seed] = {"accuracy": share, "seconds": time.monotonic() - start}
                    options.kept.write_text(json.dumps(kept, indent=1))
            shares, seconds = ([run[k] for run in found.values()] for k in ("accuracy", "seconds"))
            print(
                f"{name} {graph}: {statistics.mean(shares):.2f} +- {statistics.stdev(shares):.2f} "
                f"% of {len(shares)} seeds, {statistics.mean(seconds):.0f} s each",
                flush=True,
            )


def listed(name: str, nodes: int) -> keras.Model:
    """Return a recipe's network over a list of links."""
    import keras
    from keras import ops

    inputs, links = graph_inputs(Room(nodes, LINKS_A_NODE * nodes, WORDS))
    words, shares = (ops.reshape(inputs[key], (nodes, WORDS)) for key in ("words", "shares"))
    if name == "graph_gcn":
        x = keras.layers.ReLU()(convolve(_first(words, shares, 16), links))
        x = convolve(keras.layers.Dense(CLASSES)(x), links)
    else:
        x = attend(_first(words, shares, 64), links, heads=8, dropout=0.0, name="first")
        x = keras.layers.Dense(CLASSES)(ops.elu(x))
        x = attend(x, links, heads=1, dropout=0.0, name="second")
    scores = keras.layers.Softmax(name="scores")(ops.expand_dims(x, 0))
    return keras.Model(list(inputs.values()), scores)


def dense(name: str, nodes: int) -> keras.Model:
    """Return the same network over a matrix."""
    import keras
    from keras import ops

    words = keras.Input(batch_shape=(1, nodes, WORDS), dtype="int32", name="words")
    shares = keras.Input(batch_shape=(1, nodes, WORDS), name="shares")
    matrix = keras.Input(batch_shape=(1, nodes, nodes), name="adjacency")
    if name == "graph_gcn":
        x = keras.layers.ReLU()(convolve_dense(_first(words, shares, 16), matrix))
        x = convolve_dense(keras.layers.Dense(CLASSES)(x), matrix)
    else:
        x = attend_dense(_first(words, shares, 64), matrix, heads=8, dropout=0.0, name="first")
        x = keras.layers.Dense(CLASSES)(ops.elu(x))
        x = attend_dense(x, matrix, heads=1, dropout=0.0, name="second")
    return keras.Model([words, shares, matrix], keras.layers.Softmax(name="scores")(x))


def _first(words: keras.KerasTensor, shares: keras.KerasTensor, units: int) -> keras.KerasTensor:
    return mean_of_words(words, shares, units, num_words=NUM_WORDS, dropout=0.0, decay=0.0)


def random_graphs(nodes: int, count: int) -> dict[str, Array]:
    """Return the inputs of both forms for random graphs, each node with 5 links."""
    random = np.random.default_rng(0)
    targets = np.repeat(np.arange(nodes, dtype=np.int32), LINKS_A_NODE)
    sources = random.integers(0, nodes, (count, len(targets)), dtype=np.int32)
    sources[:, ::LINKS_A_NODE] = np.arange(nodes)
    matrix = np.zeros((count, nodes, nodes), np.float32)
    for one, each in zip(matrix, sources, strict=True):
        one[targets, each] = 1 / LINKS_A_NODE
    shares = np.full((count, nodes, WORDS), 1 / WORDS, np.float32)
    weights = np.full(sources.shape, 1 / LINKS_A_NODE, np.float32)
    shares[..., -1] = weights[..., -1] = 0  # as padding; calibration refuses constants
    return {
        "words": random.integers(0, NUM_WORDS, (count, nodes, WORDS), dtype=np.int32),
        "shares": shares,
        "sources": sources,
        "targets": np.repeat(targets[np.newaxis], count, axis=0),
        "weights": weights,
        "adjacency": matrix,
    }


class File(NamedTuple):
    """A converted network."""

    form: str
    path: Path
    example: dict[str, Array]


def files(name: str, nodes: int, folder: Path) -> Iterator[File]:
    """Convert both forms to float32 and int8."""
    graphs = random_graphs(nodes, NUM_CALIBRATION)
    for form, model in (("list", listed(name, nodes)), ("matrix", dense(name, nodes))):
        needed = {tensor.name: graphs[tensor.name] for tensor in model.inputs}
        if name == "graph_gat" and "adjacency" in needed:
            needed["adjacency"] = np.sign(needed["adjacency"])
        source = folder / f"{name}-{nodes}-{form}.keras"
        model.save(source)
        np.savez(source.with_suffix(".npz"), **needed)  # type: ignore[arg-type]
        for precision in ("float32", "int8"):
            path = source.with_name(f"{source.stem}-{precision}.tflite")
            convert(source, path, precision=precision, calibration=source.with_suffix(".npz"))
            yield File(f"{form}, {precision}", path, {key: a[:1] for key, a in needed.items()})


def tell_forms(options: argparse.Namespace) -> None:
    """Print how long each form takes, by the number of nodes, and which targets refuse it."""
    for name in options.recipe or RECIPES:
        for nodes in options.nodes:
            with tempfile.TemporaryDirectory() as scratch:
                found = list(files(name, nodes, Path(scratch)))
                times = [timed(found, runtime, options.turns) for runtime in options.runtime]
                refused = [
                    [target for target in TARGETS if not check(file.path, target).ok]
                    for file in found
                ]
            for file, ms, targets in zip(found, zip(*times, strict=True), refused, strict=True):
                kilobytes = sum(array.nbytes for array in file.example.values()) / 1e3
                each = zip(options.runtime, ms, strict=True)
                print(
                    f"{name} {nodes:5} nodes {file.form:16} example {kilobytes:8.1f} kB",
                    *(f"{runtime} {median:.3f} ms" for runtime, median in each),
                    f"refused by {', '.join(targets) or 'none'}",
                    sep=", ",
                    flush=True,
                )


def timed(found: Sequence[File], runtime: str, turns: int) -> list[float]:
    """Return milliseconds of one example of each file on one thread; files take turns."""
    with ExitStack() as opened:
        sessions = [opened.enter_context(open_session(f.path, runtime=runtime)) for f in found]
        rounds = [
            [
                session.time(file.example, runs=20, warmup=2).median_ms
                for session, file in zip(sessions, found, strict=True)
            ]
            for _ in range(turns)
        ]
    return [statistics.median(medians) for medians in zip(*rounds, strict=True)]


def main() -> None:
    """Answer the question that is asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("question", choices=["accuracy", "forms"])
    parser.add_argument("--recipe", action="append", choices=RECIPES)
    parser.add_argument("--graph", action="append", choices=GRAPHS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kept", type=Path, default=Path("graphs_accuracy.json"))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--runtime", nargs="+", default=["tflite-runtime", "litert"])
    parser.add_argument("--nodes", type=int, nargs="+", default=[32, 64, 128, 256, 512, 1024])
    options = parser.parse_args()
    (tell_accuracy if options.question == "accuracy" else tell_forms)(options)


if __name__ == "__main__":
    main()
