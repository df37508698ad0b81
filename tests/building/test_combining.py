"""Which optimizations may follow which, and what is said of those that may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.building.optimizing import chains, may_follow
from edgekit.building.plan import make_plan
from edgekit.core.errors import BadInput
from edgekit.core.variant import Variant
from tests.support.paths import RECIPES


def plan(variant: str, tmp_path: Path) -> object:
    return make_plan(
        str(RECIPES / "blobs.py"),
        tmp_path,
        size="tiny",
        seed=0,
        variants=[variant],
        targets=["litert"],
        board="",
    )


@pytest.mark.parametrize(
    "variant",
    [
        "pruned-qat-int8",
        "clustered,clusters=8-qat-int8",
        "pruned,sparsity=0.5-clustered-float16",
        "pruned_2_4-clustered-qat-int8",
        "distilled,width=0.75-pruned-qat-int8",
    ],
)
def test_a_later_optimization_that_keeps_what_earlier_ones_left_is_allowed(
    variant: str, tmp_path: Path
) -> None:
    assert plan(variant, tmp_path)


@pytest.mark.parametrize(
    ("variant", "undone", "allowed"),
    [
        ("qat-pruned-int8", "'pruned' after 'qat' would undo learned ranges", "pruned-qat, qat"),
        (
            "clustered-pruned-int8",
            "undo equal weights",
            "pruned-clustered, clustered, clustered-qat.",
        ),
        ("pruned-pruned_2_4-int8", "undo zeros", "pruned, pruned-clustered, pruned-qat"),
        ("pruned-distilled-int8", "undo zeros", "distilled-pruned, pruned"),
        ("qat-qat-int8", "'qat' after 'qat'", "allowed are qat."),
    ],
)
def test_one_that_would_undo_an_earlier_one_is_refused_with_what_is_allowed(
    variant: str, undone: str, allowed: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as refused:
        plan(variant, tmp_path)
    assert undone in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("pruned-qat-float32", "'qat' goes with int8"),
        ("pruned-clustered,sparsity=0.5-int8", "'clustered' has no option 'sparsity'"),
        ("pruned-clustered,clusters=1-int8", "1 clusters"),
    ],
)
def test_each_of_several_is_checked_by_itself(variant: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        plan(variant, tmp_path)


def test_chains_hold_only_what_may_follow() -> None:
    found = chains(3)
    assert ("pruned", "clustered", "qat") in found
    assert len(set(found)) == len(found)
    for names in found:
        assert all(may_follow(name, names[:count]) for count, name in enumerate(names))


def test_the_stages_of_a_variant_have_the_options_of_their_own_optimizations() -> None:
    variant = Variant.parse("pruned,sparsity=0.5-clustered,clusters=8-qat-int8")
    assert [stage.optimization for stage in variant.stages()] == [
        "pruned,sparsity=0.5",
        "pruned,sparsity=0.5-clustered,clusters=8",
        "pruned,sparsity=0.5-clustered,clusters=8-qat",
    ]
    assert variant.stages()[-1] == variant
    assert Variant.parse("int8").stages() == []
