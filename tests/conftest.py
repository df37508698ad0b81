"""Options of the tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--changed`."""
    parser.addoption(
        "--changed",
        action="store_true",
        help="build few recipes, and those that changed (tests/recipes/built.json)",
    )
