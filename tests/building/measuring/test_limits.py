"""By how much a recipe's metric may get worse, and what is said where it got worse still."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest

from edgekit.building.measuring.limits import (
    OF_100,
    SMALL_SAMPLE_ALLOWANCE,
    drop_limit,
    judge_metric,
)
from edgekit.building.measuring.scoring import Measurement
from edgekit.core import registry
from edgekit.core.recipe import Metric, Recipe
from edgekit.core.variant import Variant
from edgekit.running.agreement import compare
from edgekit.running.judgement import Judgement
from edgekit.running.limits import LIMITS

INT8 = Variant.parse("int8")
MANY = 10_000


def recipe_of(metric: Metric, limits: Mapping[str, float] | None = None) -> Recipe:
    some = registry.get("recipes", "image_cnn")
    return dataclasses.replace(some, metric=metric, drop_limits=limits or {})


def limit_of(recipe: Recipe, variant: str, examples: int = MANY, reference: float = 90.0) -> float:
    return drop_limit(recipe, Variant.parse(variant), examples=examples, reference=reference)


def test_the_more_special_drop_limit_goes_first() -> None:
    limits = {"int8": 0.5, "pruned": 1.5, "pruned-int8": 3.0}
    recipe = recipe_of(Metric(name="accuracy", unit="%"), limits)
    assert limit_of(recipe, "int8") == 0.5
    assert limit_of(recipe, "pruned-int8") == 3.0
    assert limit_of(recipe, "pruned-float32") == 1.5
    assert limit_of(recipe, "float16") == LIMITS["float16"].drop
    assert limit_of(recipe, "int8", examples=1000) == 0.5 * SMALL_SAMPLE_ALLOWANCE


@pytest.mark.parametrize("unit", OF_100)
def test_the_default_is_points_where_a_metric_reaches_from_0_to_100(unit: str) -> None:
    recipe = recipe_of(Metric(name="score", unit=unit))
    assert limit_of(recipe, "int8", reference=12.0) == LIMITS["int8"].drop


@pytest.mark.parametrize("unit", ["", "mm", "dB", "nats"])
@pytest.mark.parametrize("reference", [0.13, 24.0, -240.0, 31_000.0])
def test_the_default_is_a_share_of_the_reference_of_any_other(unit: str, reference: float) -> None:
    recipe = recipe_of(Metric(name="error", unit=unit, higher_is_better=False))
    limit = limit_of(recipe, "int8", examples=40, reference=reference)
    assert limit == pytest.approx(0.04 * abs(reference))
    named = dataclasses.replace(recipe, drop_limits={"int8": 1.5})
    assert limit_of(named, "int8", reference=reference) == 1.5


def judged(recipe: Recipe, value: float, reference: float) -> str:
    zeros = {"y": np.zeros((2, 2))}
    measured = Measurement(
        value=value,
        examples=40,
        agreement=compare(zeros, zeros),
        judgement=Judgement(outputs=()),
        same_tokens_percent=None,
        adapter="",
    )
    return judge_metric(measured, variant=INT8, recipe=recipe, reference=reference).problem


def test_an_error_that_doubles_is_out_of_limits_whatever_its_size() -> None:
    error = recipe_of(Metric(name="MAE", unit="m", higher_is_better=False))
    assert judged(error, 0.131, 0.13) == ""
    assert judged(error, 0.26, 0.13) == "MAE rises by 0.13 m, allowed are 0.0052 m."


def test_what_is_better_when_higher_drops() -> None:
    accuracy = recipe_of(Metric(name="accuracy", unit="%"))
    assert judged(accuracy, 86.2, 91.0) == "accuracy drops by 4.80 %, allowed are 4.00 %."
    assert judged(accuracy, 95.0, 91.0) == ""


@pytest.mark.parametrize("name", registry.names("recipes"))
def test_no_recipe_has_a_limit_as_large_as_its_metric(name: str) -> None:
    """Each is at most a tenth of the scale, where a metric has one; else the recipe names it."""
    recipe = registry.get("recipes", name)
    for variant in map(Variant.parse, recipe.variants):
        keys = (str(variant), variant.optimization, variant.precision)
        if recipe.metric.unit in OF_100:
            assert limit_of(recipe, str(variant)) <= 10
        elif not any(key in recipe.drop_limits for key in keys):
            assert limit_of(recipe, str(variant), reference=2.0) <= 0.02
