"""The site of the docs: it is built without a warning, whole, and loads nothing from outside."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import edgekit
from tests.support.paths import ROOT

SITE = ROOT / "build" / "site"
LOADED = {"script": "src", "img": "src", "source": "src", "iframe": "src"}


class Page(HTMLParser):
    """What a page links to, what it loads, and where it can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.add(values["href"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.add(values["href"])
        if tag in LOADED and LOADED[tag] in values:
            self.loaded.add(values[LOADED[tag]])


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    zensical = str(Path(sys.executable).with_name("zensical"))
    for argv in ([sys.executable, "docs/tooling/pages.py"], [zensical, "build", "--strict"]):
        ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    found = {path: Page(path) for path in SITE.rglob("*.html")}
    del found[SITE / "404.html"]  # a server shows it, at its top
    return found


@pytest.mark.slow
def test_every_page_of_docs_is_there(pages: dict[Path, Page]) -> None:
    docs = ROOT / "docs"
    names = {str(path.relative_to(docs).with_suffix("")) for path in docs.rglob("*.md")}
    assert names <= {str(path.relative_to(SITE).with_suffix("")) for path in pages}


@pytest.mark.slow
def test_no_link_of_the_site_is_broken(pages: dict[Path, Page]) -> None:
    broken = [
        (str(path.relative_to(SITE)), link)
        for path, page in pages.items()
        for link in page.links
        if not link.startswith(("https://", "http://", "mailto:"))
        if not _arrives(path, link, pages)
    ]
    assert broken == []


def _arrives(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    name, _, anchor = unquote(link).partition("#")
    target = (path.parent / name).resolve() if name else path
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return False
    return not anchor or target not in pages or anchor in pages[target].anchors


@pytest.mark.slow
def test_the_site_loads_nothing_from_outside(pages: dict[Path, Page]) -> None:
    outside = {link for page in pages.values() for link in page.loaded if "//" in link}
    assert outside == set()


@pytest.mark.slow
def test_every_recipe_stands_on_its_familys_page_with_its_results(pages: dict[Path, Page]) -> None:
    assert len(pages) > 20
    for name in ("image_cnn", "words_glove"):
        [page] = [path for path in pages if f"<code>{name}</code>" in _headings(path)]
        assert f"<td>{name}</td>" in page.read_text(encoding="utf-8")


def _headings(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith("<h3"))


def test_the_reference_of_python_names_every_public_name() -> None:
    lines = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines()
    named = [line.removeprefix("::: edgekit.") for line in lines if line.startswith("::: ")]
    assert set(edgekit.__all__) <= {*named, "__version__"}
