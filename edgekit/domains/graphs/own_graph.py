"""A recipe for graphs on a user's own graph."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size
from edgekit.domains.graphs import asking
from edgekit.domains.graphs.baseline import words_alone
from edgekit.domains.graphs.examples import (
    MOST_LINKS,
    MOST_NODES,
    neighbourhoods,
    room_for,
    signature,
)
from edgekit.domains.graphs.labelled import SPLITS, LabelledGraph, read_graph
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.own_data.files import remembered
from edgekit.on_device.graphs.neighbourhoods import Room, fits

if TYPE_CHECKING:
    import keras

read = remembered(read_graph)


class Network(Protocol):
    """Makes the untrained network of a recipe."""

    def __call__(
        self, room: Room, *, num_words: int, num_classes: int, whole: bool = False
    ) -> keras.Model:
        """Return it for graphs that fit in `room`."""


class Train(Protocol):
    """Trains the network of a recipe on a graph."""

    def __call__(
        self, model: keras.Model, labelled: LabelledGraph, size: Size, progress: Progress
    ) -> keras.Model:
        """Return the trained model."""


def on_graph(
    recipe: Recipe, given: Path, *, network: Network, train: Train, symmetric: bool
) -> Recipe:
    """Return a recipe on a user's graph; classes, room for words and splits follow it.

    Args:
        recipe: The recipe on its own data.
        given: An `.npz` file; `edgekit.domains.graphs.labelled` says of what.
        network: Of the recipe.
        train: Of the recipe.
        symmetric: As of `edgekit.on_device.graphs.neighbourhoods.example`.

    Raises:
        BadData: The file is not a graph, or contradicts itself.
    """
    labelled = read(given)
    names, num_words, room = labelled.class_names, labelled.num_words, room_for(labelled)
    return replace(
        recipe,
        signature=signature(room, names, symmetric=symmetric),
        baseline=(recipe.baseline[0], lambda size, progress: words_alone(labelled, progress)),
        build=lambda size: network(room, num_words=num_words, num_classes=len(names)),
        data=lambda split, size: neighbourhoods(labelled, split, room, symmetric=symmetric),
        train=lambda model, size, progress: train(model, labelled, size, progress),
        answer_key=labels_key(len(names)),
        assets=lambda size: asking.assets(labelled, symmetric=symmetric),
        show=partial(asking.show, names),
        with_data=None,
        about_data=_remarks(labelled),
    )


def _remarks(labelled: LabelledGraph) -> tuple[str, ...]:
    graph, splits = labelled.graph, labelled.splits
    counts = ", ".join(f"{len(splits[split]):,} {split}" for split in SPLITS)
    links = sum(map(len, graph.neighbours)) // 2
    said = [
        f"{len(graph):,} nodes, {links:,} links, {labelled.num_words:,} words, "
        f"{len(labelled.class_names)} classes; splits as the file has them: {counts}.",
    ]
    test = labelled.chosen("test")
    if len(test) < len(splits["test"]):
        said.append(f"Scored on {len(test):,} of the nodes to test, evenly chosen.")
    room = room_for(labelled)
    large = sum(not fits(graph, int(node), room) for node in test)
    if large:
        said.append(
            f"The neighbourhoods of {large:,} of these nodes have more than {MOST_NODES} nodes or "
            f"{MOST_LINKS:,} links; the last of them are left out."
        )
    return tuple(said)
