"""The search goes on where it was stopped, tries nothing twice, and ends when all is tried."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.types import Progress
from edgekit.core.variant import Variant
from edgekit.search import study
from edgekit.search.candidate import Candidate, Limits
from edgekit.search.recipe_source import Request
from edgekit.search.space import COMBINED, every
from tests.support.paths import RECIPES

Known = Callable[[], Mapping[str, Candidate]]


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    return Request(
        recipe=str(RECIPES / "blobs.py"),
        target="litert",
        size="tiny",
        seed=0,
        out=tmp_path,
        limits=Limits(max_drop=1.0),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for builds; return the list of variants that were asked for."""
    variants: list[str] = []

    def tried(
        request: Request, variant: Variant, known: Known, progress: Progress, measure: None
    ) -> Candidate:
        variants.append(str(variant))
        assert str(variant) not in known()
        number = len(str(variant))
        return Candidate(
            variant=str(variant),
            drop=number / 10,
            size_bytes=number,
            compressed_bytes=number,
            is_sound=number % 7 > 0,
        )

    monkeypatch.setattr(study, "tried", tried)
    return variants


def soon() -> float:
    return time.time() + 60


def test_all_are_tried_once_and_the_usual_ones_first(request_: Request, asked: list[str]) -> None:
    study.begin(request_)
    study.work(request_, soon())
    space = {str(variant) for variant in every(request_.ways())}
    usual = [str(variant) for variant in request_.usual(request_.ways())]
    assert usual[:2] == ["float32", "int8"]
    assert asked[: len(usual) + 1] == [*usual, COMBINED]
    assert Counter(asked) == Counter(space)
    assert set(study.candidates_of(study.opened(request_))) == space


def test_an_optimization_that_the_model_does_not_go_with_is_tried_twice(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Variant] = []

    def tried(
        request: Request, variant: Variant, known: Known, progress: Progress, measure: None
    ) -> Candidate:
        asked.append(variant)
        size = None if "pruned" in variant.optimizations[:1] else len(asked)
        return Candidate(variant=str(variant), size_bytes=size, drop=0.0, is_sound=size is not None)

    monkeypatch.setattr(study, "tried", tried)
    study.begin(request_)
    study.work(request_, soon())
    firsts = Counter("".join(each.optimizations[:1]) for each in asked)
    space = Counter("".join(each.optimizations[:1]) for each in every(request_.ways()))
    assert firsts.pop("pruned") == 2 < space.pop("pruned")
    assert firsts == space


def test_a_second_run_goes_on_and_takes_up_what_was_left_half(
    request_: Request, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = getattr(study, "tried")  # noqa: B009  (mypy holds it to be private)

    def stopped(*given: Any) -> Candidate:
        if len(asked) == 3:
            raise KeyboardInterrupt
        found: Candidate = ours(*given)
        return found

    monkeypatch.setattr(study, "tried", stopped)
    study.begin(request_)
    with pytest.raises(KeyboardInterrupt):
        study.work(request_, soon())
    known = study.candidates_of(study.opened(request_))
    assert list(known) == asked[:3]
    monkeypatch.setattr(study, "tried", ours)
    study.begin(request_)
    study.work(request_, soon())
    assert Counter(asked) == Counter(str(each) for each in every(request_.ways()))


@pytest.mark.filterwarnings("ignore")  # threads share Python's filters; processes do not
def test_several_at_once_try_nothing_twice(request_: Request, asked: list[str]) -> None:
    study.begin(request_)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: study.work(request_, soon()), range(2)))
    space = {str(variant) for variant in every(request_.ways())}
    assert Counter(asked) == Counter(space)


def test_other_limits_are_another_search(request_: Request, asked: list[str]) -> None:
    study.begin(request_)
    study.work(request_, soon())
    other = replace(request_, limits=Limits(max_drop=2.0))
    assert study.candidates_of(study.opened(other)) == {}
    assert study.candidates_of(study.opened(request_))
