"""What the pages for developers name is really there."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

PAGES = ("docs/architecture.md", "CONTRIBUTING.md", "README.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_files_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:edgekit|recipes|converters|tests|benchmarks|docs)/[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_drawing_shows_every_folder() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    drawing = text.split("```")[1]
    folders = [p.name for p in (ROOT / "edgekit").iterdir() if (p / "__init__.py").exists()]
    assert [name for name in folders if f"{name}/" not in drawing] == []
