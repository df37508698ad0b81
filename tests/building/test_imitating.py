"""A recipe that retrains on what its own model answers."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edgekit.building.optimizing import imitating
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.types import Batch
from tests.support.paths import RECIPES


def test_the_targets_are_the_answers_to_the_same_inputs() -> None:
    recipe: Recipe = registry.get("recipes", str(RECIPES / "doubling.py"))
    asked: Counter[str] = Counter()

    def run(batch: Batch) -> Batch:
        asked.update(list(batch))
        return {"y": np.asarray(sum(batch.values()) + 1)}

    taught = imitating(recipe, run)
    plain, examples = (each.data("train", "tiny") for each in (recipe, taught))
    assert examples.inputs.keys() == plain.inputs.keys()
    np.testing.assert_array_equal(examples.target(), sum(plain.inputs.values()) + 1)
    taught.data("train", "tiny")
    assert set(asked.values()) == {1}, "a model is asked once"


def test_several_answers_keep_their_names() -> None:
    recipe: Recipe = registry.get("recipes", str(RECIPES / "doubling.py"))
    taught = imitating(recipe, lambda batch: {"a": np.zeros(2), "b": np.ones(2)})
    assert set(taught.data("train", "tiny").targets) == {"a", "b"}
