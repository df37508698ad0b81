"""A detector whose regions are searched for, on a user's own pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Parts, Recipe
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.own_boxed.reading import own_boxed
from edgekit.domains.own_boxed.recipes import with_boxes
from edgekit.domains.own_data.examples import Assets
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.domains.vision.searched_regions import searched, together

if TYPE_CHECKING:
    import keras

Train = Callable[["keras.Model", BoxedSet, Array, int, Progress], "keras.Model"]
"""`(model, pictures, regions of each, epochs, progress) -> model`."""


def with_searched_regions(
    recipe: Recipe,
    folder: Path,
    shape: tuple[int, int, int],
    *,
    network: Callable[[int], keras.Model],
    parts_of: Callable[[tuple[str, ...]], Parts],
    facts: Assets,
    train_on: Train,
    seen: Mapping[Size, int],
) -> Recipe:
    """Return the recipe on a user's pictures with boxes; regions are searched for as in its own.

    Args:
        recipe: The recipe on its own data; its input `regions` says how many a picture has.
        folder: Pictures with boxes.
        shape: Height, width and channels of the network's picture.
        network: Untrained, for a number of classes.
        parts_of: Files and loop, for the names of the classes.
        facts: What the program reads.
        train_on: Trains it.
        seen: Pictures that training shows in all.
    """
    own = own_boxed(folder, shape)
    most = recipe.signature.inputs[1].shape[1]

    def searched_of(split: Split, size: Size) -> tuple[BoxedSet, Array]:
        pictures = own.of_split(split, size)
        return pictures, searched(pictures.images, most)

    def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        pictures, regions = searched_of("train", size)
        return train_on(model, pictures, regions, -(-seen[size] // len(pictures)), progress)

    return with_boxes(
        recipe,
        own,
        build=lambda size: network(len(own.names)),
        train=train,
        parts=parts_of(own.names),
        assets=facts,
        data=lambda split, size: together(*searched_of(split, size)),
    )
