"""What the pages for developers name is really there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
)
LINK = re.compile(r"(?:\]\(|(?:src|srcset|href)=\")([^)\s\"]+)")
"""Where a Markdown page, or HTML in it, leads."""


@pytest.mark.parametrize("page", PAGES)
def test_the_files_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:edgekit|recipes|converters|tests|benchmarks|docs)/[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not _leads_somewhere(page, link)]
    assert broken == []


def _leads_somewhere(page: str, link: str) -> bool:
    """Outside links are judged by their form; links inside by the file and the heading."""
    if link.startswith("http"):
        return re.fullmatch(r"https://[\w.-]+\.[a-z]{2,}(/\S*)?", link) is not None
    name, _, anchor = link.partition("#")
    path = (ROOT / page).parent / name if name else ROOT / page
    if not path.exists():
        return False
    if not anchor or anchor in ("only-light", "only-dark") or anchor.startswith("edgekit."):
        return True  # the site alone knows of these: `make docs` checks them
    return anchor in _anchors(path)


def _anchors(path: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_drawing_shows_every_folder() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    drawing = text.split("```")[1]
    folders = [p.name for p in (ROOT / "edgekit").iterdir() if (p / "__init__.py").exists()]
    assert [name for name in folders if f"{name}/" not in drawing] == []


def test_the_wheel_says_what_it_is_for_and_where_it_is_at_home() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["url"] == project["urls"]["Homepage"]
    assert citation["license"] == project["license"]
    pythons = [text.rpartition(" ")[2] for text in project["classifiers"] if ":: 3." in text]
    assert project["requires-python"] == f">={pythons[0]},<3.{int(pythons[-1][2:]) + 1}"
