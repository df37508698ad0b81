"""Where tests find files: the checkout, golden models, recipes made for tests."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
RECIPES = ROOT / "tests" / "support" / "recipes"
