"""Break texts into lines and number their reasons; no word and no number is ever broken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rich.cells import cell_len

from edgekit.core.errors import printable

_BETWEEN = re.compile(r" +(?!\[\d+\]$)(?!(?<=\d )(?:%|[kMG]?B\b|ms\b|s\b))")
"""Where a text may be broken: not before the mark of a note, nor between a number and its unit."""


def numbered(reasons: Iterable[str]) -> dict[str, int]:
    """Return reason -> its number from 1; equal reasons share one, and "" has none."""
    return {reason: k for k, reason in enumerate(dict.fromkeys(filter(None, reasons)), 1)}


def with_mark(text: str, reason: str, numbers: Mapping[str, int]) -> str:
    """Return a text followed by the number of its reason, as in `no [2]`."""
    return f"{text} [{numbers[reason]}]".lstrip() if reason else text


def words_of(text: str) -> list[str]:
    """Return what a text may be broken into."""
    return _BETWEEN.split(text.strip())


def broken(text: str, width: int | None) -> list[str]:
    """Break a text between words; a word that is longer than a line stays whole."""
    if width is None or cell_len(text) <= width:
        return [text]
    lines = [""]
    for word in words_of(text):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def with_command(text: str) -> tuple[str, str]:
    """Cut a sentence before the command that it ends in, as in `...; run: edgekit setup web`."""
    ending = re.fullmatch(r"(.*\b[Rr]un(?: there)?: )(.+)", text)
    return (ending[1], ending[2]) if ending else (text, "")


def one_line(text: str) -> str:
    """Return a text on one line, and without what could command a terminal."""
    return re.sub(r"[\t\n]+", " ", printable(text))
