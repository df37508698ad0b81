"""A search by processes of this machine: one that is stopped leaves none of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.building.plan import begin
from edgekit.search import study
from edgekit.search.candidate import Limits
from edgekit.search.recipe_source import Request
from edgekit.search.working import search
from tests.support.paths import RECIPES


@pytest.mark.slow
def test_ctrl_c_ends_a_search_at_once(tmp_path: Path, ctrl_c: Callable[[], None]) -> None:
    source = Request(
        recipe=str(RECIPES / "blobs.py"),
        target="litert",
        size="tiny",
        seed=0,
        out=tmp_path,
        limits=Limits(),
    )
    begin(source.plan())
    study.begin(source)
    told: list[float] = []

    def stop(_fraction: float, _doing: str) -> None:
        if not told:
            told.append(time.monotonic())
            ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        search(source, 1.0, 2, None, stop)
    assert time.monotonic() - told[0] < 20  # and not when the minute is up
