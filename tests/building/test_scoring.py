"""How far a recipe's metric may drop."""

from __future__ import annotations

import dataclasses

from edgekit.building.scoring import SMALL_SAMPLE_ALLOWANCE, drop_limit
from edgekit.core import registry
from edgekit.core.variant import Variant
from edgekit.running.limits import LIMITS


def test_the_more_special_drop_limit_goes_first() -> None:
    recipe = dataclasses.replace(
        registry.get("recipes", "image_cnn"),
        drop_limits={"int8": 0.5, "pruned": 1.5, "pruned-int8": 3.0},
    )
    assert drop_limit(recipe, Variant.parse("int8"), 10_000) == 0.5
    assert drop_limit(recipe, Variant.parse("pruned-int8"), 10_000) == 3.0
    assert drop_limit(recipe, Variant.parse("pruned-float32"), 10_000) == 1.5
    assert drop_limit(recipe, Variant.parse("float16"), 10_000) == LIMITS["float16"].drop
    assert drop_limit(recipe, Variant.parse("int8"), 1000) == 0.5 * SMALL_SAMPLE_ALLOWANCE
