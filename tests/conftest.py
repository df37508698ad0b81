"""Options and fixtures of all tests."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--changed` and `--runs`."""
    parser.addoption(
        "--changed",
        action="store_true",
        help="leave out what did not change since CI passed (tests/recipes/built.json)",
    )
    parser.addoption("--runs", type=Path, help="keep the builds of recipes in this folder")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--changed`, leave out slow tests of searches whose code is as it was."""
    if not config.getoption("--changed"):
        return
    from tests.support import built  # not at the start of every run: it reads recipes

    if not (why := built.why_searches_are_left_out()):
        return
    places = [built.ROOT / place for place in built.SEARCHING]
    for item in items:
        if item.get_closest_marker("slow") and any(map(item.path.is_relative_to, places)):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[], None]]:
    """Give what a terminal does at Ctrl-C, also where a script in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
