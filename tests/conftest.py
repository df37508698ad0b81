"""Options of the tests."""

from __future__ import annotations

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
