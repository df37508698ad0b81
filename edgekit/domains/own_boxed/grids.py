"""A detector with grids, on a user's own pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size
from edgekit.domains.own_boxed.pictures import OwnBoxed
from edgekit.domains.own_boxed.recipes import with_boxes
from edgekit.domains.vision.grid_recipes import own_epochs, parts, train_on
from edgekit.on_device.programs.detect import FACTS, to_json
from edgekit.on_device.vision.grid_cells import GridCells

if TYPE_CHECKING:
    import keras


def with_grids(
    recipe: Recipe,
    own: OwnBoxed,
    detector: GridCells,
    *,
    network: Callable[[tuple[int, ...], GridCells], keras.Model],
    loss: Callable[..., keras.KerasTensor],
    models: Callable[[keras.Model, Size], Mapping[tuple[int, ...], keras.Model]] | None = None,
) -> Recipe:
    """Return the recipe on a user's pictures with boxes.

    Args:
        recipe: The recipe on its own data.
        own: What stands in for them.
        detector: For their classes and boxes.
        network: Untrained, for a shape and a detector.
        loss: Of targets and answers, and of `detector`.
        models: Shape of a picture -> the network for it, of all that training shows; the network
            for its own shape alone if None.
    """
    shape, own_loss = own.shape, partial(loss, detector=detector)

    def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        pictures = own.of_split("train", size)
        train_on(
            models(model, size) if models else {shape: model},
            pictures,
            own_loss,
            epochs=own_epochs(pictures, size),
            progress=progress,
        )
        return model

    return with_boxes(
        recipe,
        own,
        build=lambda size: network(shape, detector),
        train=train,
        parts=parts(shape, detector, own.names),
        assets=lambda size: {FACTS: to_json(shape, detector.facts())},
        loss=own_loss,
    )
