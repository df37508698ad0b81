"""Lay the pages of the site out in `build/pages`, from which `make docs` builds it.

Pages of `docs/` are copied with what is made of other things: the commands of the command line, the
recipes of a family from their docstrings, its results from `docs/results.md`, and pages that lie
elsewhere in the repository. Links are as GitHub reads them; here they are bent to the site's pages.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from edgekit.core import registry
from edgekit.reporting.readme.families import FAMILIES, Family

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ROOT / "build" / "pages"
ELSEWHERE = {
    ROOT / "CONTRIBUTING.md": "reference/contributing.md",
    ROOT / "CHANGELOG.md": "reference/changelog.md",
    ROOT / "edgekit/datasets/README.md": "reference/data.md",
    ROOT / "android-demo/README.md": "reference/android.md",
    ROOT / "benchmarks/operator_tables/disagreements.md": "reference/disagreements.md",
}
"""File outside of `docs/` -> its page."""

WIDE = "---\nhide: [toc]\n---\n\n"
"""What a page begins with whose tables need the room of the list of headings."""

LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]+)\]\((?P<to>[^)#:\s]+)(?P<part>#[^)\s]*)?\)")


def main() -> None:
    """Write all of them."""
    shutil.rmtree(PAGES, ignore_errors=True)
    files = {path: str(path.relative_to(DOCS)) for path in DOCS.rglob("*") if path.is_file()}
    files = {path: name for path, name in files.items() if path.suffix not in (".py", ".pyc")}
    for source, name in {**files, **ELSEWHERE}.items():
        page = PAGES / name
        page.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            page.write_text(text_of(source, name), encoding="utf-8")
        else:
            shutil.copyfile(source, page)
    (PAGES / "reference/command_line.md").write_text(command_line(), encoding="utf-8")


def text_of(source: Path, name: str) -> str:
    """Return the text of the page `name`, with its links bent and its includes filled in."""
    text = source.read_text(encoding="utf-8")
    if "<!-- results:" in text:
        text = WIDE + text
    for family in FAMILIES:
        text = text.replace(f"<!-- recipes: {family.name} -->", recipes_of(family))
        text = text.replace(f"<!-- results: {family.name} -->", results_of(family))
    return LINK.sub(lambda match: _bent(match, source, name), text)


def recipes_of(family: Family) -> str:
    """Return what the files of a family's recipes say of themselves, each below its name."""
    names = [name for name in registry.names("recipes") if name.partition("_")[0] in family.words]
    sources = {name: (ROOT / "recipes" / f"{name}.py").read_text("utf-8") for name in names}
    docstrings = {name: ast.get_docstring(ast.parse(text)) for name, text in sources.items()}
    return "\n\n".join(f"### `{name}`\n\n{text}" for name, text in docstrings.items())


def results_of(family: Family) -> str:
    """Return the tables of a family from the page of results."""
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {family.title}\n")[2].partition("\n## ")[0].strip()


def command_line() -> str:
    """Return the page of all commands, as Typer writes it."""
    argv = (sys.executable, "-m", "typer", "edgekit.cli", "utils", "docs")
    made = subprocess.run(
        [*argv, "--name", "edgekit", "--title", "Command line"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    text = re.sub(r"^(Example|Start here):  (.*)$", r"\1: `\2`", made.stdout, flags=re.MULTILINE)
    return re.sub(r"^\* `(\w+)`: .*\.\.\.$", lambda m: _whole(m, text), text, flags=re.MULTILINE)


def _whole(match: re.Match[str], text: str) -> str:
    """Return an entry of the list of commands uncut: what the command's own part begins with."""
    begin = re.search(rf"^## `[\w ]*\b{match[1]}`\n\n(.+)$", text, flags=re.MULTILINE)
    return f"* `{match[1]}`: {begin[1]}" if begin else match[0]


def _bent(match: re.Match[str], source: Path, name: str) -> str:
    """Return a link to a page of the site; of a file that is none, its text and its name stay."""
    target = (source.parent / match["to"]).resolve()
    page = ELSEWHERE.get(target)
    if page is None and target.is_relative_to(DOCS):
        page = str(target.relative_to(DOCS))
    if page is not None:
        way = os.path.relpath(page, Path(name).parent)
        return f"{match['image']}[{match['text']}]({way}{match['part'] or ''})"
    if match["image"] or not target.is_relative_to(ROOT):
        return ""
    path = str(target.relative_to(ROOT))
    return f"`{path}`" if path.endswith(match["text"]) else f"{match['text']} (`{path}`)"


if __name__ == "__main__":
    main()
