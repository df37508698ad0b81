"""Commands and code that stand in pages, each marked with what a test does with it.

The line above a block of bash or Python says so, in a comment that no reader sees:

    <!-- run -->            it is run, in the folder where all blocks of all pages are run
    <!-- file: NAME -->     it is written into that folder, under this name
    <!-- not run: WHY -->   it is not, for this reason; its verbs and options are checked
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.paths import ROOT

PAGES = (
    "README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)
LANGUAGES = ("bash", "python")
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    flags=re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of bash or Python.

    Attributes:
        page: Where it stands, from the checkout's top.
        line: Number of its first line.
        mark: "run", "file" or "not run"; "" if nothing is said.
        detail: The file's name, or the reason.
    """

    page: str
    line: int
    language: str
    mark: str
    detail: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """Return the blocks of bash and Python of a page, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(
            page=page,
            line=text[: match.start("text")].count("\n") + 1,
            language=match["language"],
            mark=(match["mark"] or "").partition(": ")[0],
            detail=(match["mark"] or "").partition(": ")[2],
            text=match["text"],
        )
        for match in _BLOCK.finditer(text)
        if match["language"] in LANGUAGES
    ]


def edgekit_calls(block: Block) -> Iterator[list[str]]:
    """Give the arguments of each call of edgekit in a block of bash."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "edgekit":
            yield words[1:]
