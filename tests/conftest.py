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
        help="build few recipes, and those that changed (tests/recipes/built.json)",
    )
    parser.addoption("--runs", type=Path, help="keep the builds of recipes in this folder")


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[], None]]:
    """Give what a terminal does at Ctrl-C, also where a script in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
