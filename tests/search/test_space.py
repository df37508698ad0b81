"""Every variant of the space can be told to Optuna and comes back; a target leaves out its own."""

from __future__ import annotations

import pytest
from optuna.trial import FixedTrial

from edgekit.conversion import int4_weights
from edgekit.core import registry
from edgekit.core.variant import PRECISIONS, Variant
from edgekit.search.space import NONE, every, parameters, suggested, usual, ways_for
from tests.support.paths import RECIPES


@pytest.mark.parametrize("name", registry.names("optimizations"))
def test_what_is_worth_trying_is_allowed_and_holds_the_default(name: str) -> None:
    optimization = registry.get("optimizations", name)
    for option, values in [
        *optimization.worth_trying.items(),
        *optimization.worth_combining.items(),
    ]:
        assert option in optimization.options
        assert optimization.options[option] in values
        assert len(set(values)) == len(values)
        for value in values:
            assert optimization.check is not None
            optimization.check(**{**optimization.options, option: value})


@pytest.mark.parametrize("target", registry.names("targets"))
@pytest.mark.parametrize("recipe", ["image_cnn", "forecast_gru", "words_cbow"])
def test_a_variant_and_what_optuna_suggests_are_the_same(recipe: str, target: str) -> None:
    precisions = registry.get("targets", target).precisions
    bits = registry.get("targets", target).weight_bits
    ways = ways_for(registry.get("recipes", recipe), precisions, bits)
    space = list(every(ways))
    assert len(set(map(str, space))) == len(space)
    for variant in space:
        assert variant.precision in precisions
        assert Variant.parse(str(variant)) == variant
        assert suggested(FixedTrial(parameters(variant, ways)), ways) == variant  # type: ignore[arg-type]


def test_a_recipe_without_a_loss_is_only_converted() -> None:
    ways = ways_for(registry.get("recipes", "image_rbm"), PRECISIONS)
    assert [way.optimizations for way in ways] == [()]


def test_optimizations_are_combined_where_the_later_keeps_what_the_earlier_left() -> None:
    ways = ways_for(registry.get("recipes", "image_cnn"), PRECISIONS)
    there = {way.name: way for way in ways}
    for name in ("pruned-qat", "clustered-qat", "pruned-clustered-qat", "pruned_2_4-clustered"):
        assert name in there
    assert there["pruned-clustered-qat"].precisions == ("int8",)
    assert not {"qat-pruned", "clustered-pruned", "pruned-pruned_2_4"} & set(there)
    combined = [way for way in ways if len(way.optimizations) > 1]
    assert all(len(values) <= 3 for way in combined for values in way.values.values())


def test_the_usual_variants_come_with_those_first_that_convert_only() -> None:
    recipe = registry.get("recipes", "image_cnn")
    ways = ways_for(recipe, PRECISIONS)
    names = [str(variant) for variant in usual(recipe, ways)]
    assert set(names) == {*recipe.variants, "int8,mse=1", "int8,percentile=99.9"}
    plain = [name for name in names if "-" not in name]
    assert names[: len(plain)] == plain
    assert all(parameters(Variant.parse(name), ways) for name in names)


def test_options_of_precisions_are_tried_where_they_make_sense() -> None:
    recipe = registry.get("recipes", "image_cnn")
    there = {way.name: way.precisions for way in ways_for(recipe, PRECISIONS)}
    assert {"int8,mse=1", "int8,float_layers=1"} <= set(there[NONE])
    assert set(there["pruned"]) == set(PRECISIONS)
    assert there["qat"] == ("int8",)  # its ranges were trained
    only_int8 = {text for way in ways_for(recipe, ["int8"]) for text in way.precisions}
    assert "int8,percentile=99.9" in only_int8
    assert not [text for text in only_int8 if "float_layers" in text]


def test_weights_of_4_bits_are_tried_where_kernels_take_them() -> None:
    recipe = registry.get("recipes", "image_cnn")
    for name in registry.names("targets"):
        target = registry.get("targets", name)
        takes_it = name in ("litert", "raspberry-pi-litert") and not int4_weights.missing()
        for way in ways_for(recipe, target.precisions, target.weight_bits):
            if way.name in (NONE, "pruned", "clustered"):
                assert ("dynamic_int8,weight_bits=4" in way.precisions) == takes_it


def test_a_variant_outside_of_the_space_has_no_parameters() -> None:
    ways = ways_for(registry.get("recipes", str(RECIPES / "blobs.py")), PRECISIONS)
    assert parameters(Variant.parse("pruned,sparsity=0.33-int8"), ways) == {}
