"""A detector's recipe on a user's own pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, Parts, Program, Recipe
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.own_boxed.pictures import OwnBoxed
from edgekit.domains.own_data.examples import SPLITS_FILE, Assets
from edgekit.domains.vision import detection

if TYPE_CHECKING:
    import keras


def with_boxes(
    recipe: Recipe,
    own: OwnBoxed,
    *,
    build: Callable[[Size], keras.Model],
    train: Callable[[keras.Model, Size, Progress], keras.Model],
    parts: Parts | None,
    assets: Assets,
    loss: Callable[..., object] | None = None,
    data: Callable[[Split, Size], Dataset] | None = None,
) -> Recipe:
    """Return a detector's recipe on a user's pictures; its labels and signature follow them.

    Args:
        recipe: The recipe on its own data.
        own: What stands in for them.
        build: The untrained model for `own.names`.
        train: Trains it, on `own.of_split("train", size)`.
        parts: Of the model, with signatures and a loop for `own.names`.
        assets: What the program reads; an example picture and `splits.csv` are added.
        loss: What an optimization minimizes, if the recipe has one.
        data: Pictures and boxes of a split, if there is more to them.
    """
    test = own.of_split("test", "full")
    signature = detection.signature(own.shape, own.names, recipe.signature.outputs[0].shape[1])
    return replace(
        recipe,
        signature=replace(signature, inputs=(*signature.inputs, *recipe.signature.inputs[1:])),
        baseline=("nothing is found", 0.0),
        build=build,
        data=data or (lambda split, size: detection.dataset(own.of_split(split, size))),
        train=train,
        details=detection.details(own.names),
        show=detection.show(own.names),
        loss=loss,
        parts=parts,
        program=Program(name=recipe.program.name, example=(detection.EXAMPLE,)),
        assets=partial(_with_splits, assets, detection.example(test), own),
        with_data=None,
        about_data=own.remarks,
    )


def _with_splits(
    assets: Assets, example: Mapping[str, bytes], own: OwnBoxed, size: Size
) -> dict[str, str | bytes]:
    return {**assets(size), **example, SPLITS_FILE: own.splits_csv()}
