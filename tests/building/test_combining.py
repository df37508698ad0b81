"""Which optimizations may follow which, and what of them is trained once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.building import pipeline
from edgekit.building.measuring.preserved import Left
from edgekit.building.optimizing import Optimized, chains, may_follow
from edgekit.building.plan import Plan, make_plan
from edgekit.core.errors import BadInput
from edgekit.core.types import silent
from edgekit.core.variant import Variant
from tests.support.paths import RECIPES


def plan(variants: list[str], tmp_path: Path, effort: float = 1.0) -> Plan:
    return make_plan(
        str(RECIPES / "blobs.py"),
        tmp_path,
        size="tiny",
        seed=0,
        variants=variants,
        targets=["litert"],
        board="",
        effort=effort,
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
    assert plan([variant], tmp_path)


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
        plan([variant], tmp_path)
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
        plan([variant], tmp_path)


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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, float]]:
    """Stand in for training; return which stages were trained, from which model and how long."""
    trained: list[tuple[str, str, float]] = []

    class Here:
        def __init__(self, **_: object) -> None:
            pass

        def call(self, _: object, choice: Any, stage: Variant, model: Path, *given: Any) -> Any:
            trained.append((stage.optimization, model.read_text(), choice.effort))
            given[-1].mkdir(parents=True)
            (given[-1] / "model.keras").write_text(stage.optimization)
            left = Left(trait="zeros", size=8, amount=4)
            kept = {"model": (left,)} if stage.optimizations[-1] == "pruned" else {}
            return Optimized(files={"model": "model.keras"}, whole="model.keras", left=kept)

    monkeypatch.setattr(pipeline, "Child", Here)
    return trained


def optimize(variants: list[str], out: Path, effort: float = 1.0) -> Any:
    asked_for = plan(variants, out, effort)
    asked_for.folder.mkdir(exist_ok=True)
    (asked_for.folder / "model.keras").write_text("trained")
    return getattr(pipeline, "_optimize")(asked_for, silent)  # noqa: B009  (mypy holds it private)


def test_what_several_variants_share_is_trained_once(
    asked: list[tuple[str, str, float]], tmp_path: Path
) -> None:
    sources, left = optimize(["pruned-qat-int8", "pruned-clustered-qat-int8"], tmp_path)
    assert asked == [
        ("pruned", "trained", 1),
        ("pruned-qat", "pruned", 1),
        ("pruned-clustered", "pruned", 1),
        ("pruned-clustered-qat", "pruned-clustered", 1),
    ]
    assert set(sources) == {"", "pruned-qat", "pruned-clustered-qat"}
    assert [each.trait for each in left["pruned-clustered-qat"]["model"]] == ["zeros"]
    optimize(["pruned-int8", "pruned-clustered-float16"], tmp_path)
    assert len(asked) == 4


def test_only_the_last_of_several_is_trained_with_less_effort(
    asked: list[tuple[str, str, float]], tmp_path: Path
) -> None:
    optimize(["pruned-qat-int8"], tmp_path, effort=0.25)
    optimize(["pruned-qat-int8"], tmp_path)
    assert asked == [
        ("pruned", "trained", 1),
        ("pruned-qat", "pruned", 0.25),
        ("pruned-qat", "pruned", 1),
    ]
