"""Every table at 80 columns, at 40, in a pipe, in colour and without: nothing of it is cut.

After a change that is meant: `EDGEKIT_WRITE_GOLDEN=1 pytest tests/cli/test_tables.py`, then read
what changed in tests/golden/tables.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from edgekit.reporting.terminal.table import GAP, Column, Group, Page
from tests.support.example_tables import TABLES
from tests.support.paths import GOLDEN

Print = Callable[..., str]
ESCAPE = "\N{SYMBOL FOR ESCAPE}"
ANSI = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Print:
    """Return what a table prints on a terminal of a width; into a pipe if that is None."""

    def show(name: str, width: int | None, *, colour: bool = False) -> str:
        console = Console(
            force_terminal=colour, color_system="standard" if colour else None, legacy_windows=False
        )
        monkeypatch.setattr(Page, "of_stdout", lambda: Page(console, width))
        TABLES[name]()
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("name", TABLES)
def test_a_table_looks_as_it_did(name: str, printed: Print) -> None:
    sections = {
        "80 columns": printed(name, 80),
        "40 columns": printed(name, 40),
        "a pipe": printed(name, None),
        "80 columns, in colour": printed(name, 80, colour=True).replace("\x1b", ESCAPE),
    }
    text = "\n".join(f"======== {title}\n{shown}" for title, shown in sections.items())
    path = GOLDEN / "tables" / f"{name.replace(' ', '_')}.txt"
    if os.environ.get("EDGEKIT_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 80, None])
@pytest.mark.parametrize("name", TABLES)
def test_colours_change_nothing_else(name: str, width: int | None, printed: Print) -> None:
    assert ANSI.sub("", printed(name, width, colour=True)) == printed(name, width)


def numbers(text: str) -> Counter[str]:
    """Return the words of a text that hold a digit, such as `91.62`, `1x28x28x1` or `[2]`."""
    return Counter(word for word in text.split() if re.search(r"\d", word))


@pytest.mark.parametrize("name", TABLES)
def test_no_number_is_cut_at_any_width(
    name: str, printed: Print, monkeypatch: pytest.MonkeyPatch
) -> None:
    optional: set[str] = set()
    grouped = Page.grouped

    def remembering(page: Page, columns: Sequence[Column], groups: Sequence[Group]) -> None:
        groups = list(groups)
        for k, column in enumerate(columns):
            if column.optional:
                cells = (row[k] for group in groups for row in group.rows)
                optional.update(word for text in (column.name, *cells) for word in text.split())
        grouped(page, columns, groups)

    monkeypatch.setattr(Page, "grouped", remembering)
    whole = numbers(printed(name, None))
    for width in range(40, 121):
        shown = numbers(printed(name, width))
        assert set(shown) <= set(whole), width
        assert set(whole - shown) <= optional, width


@pytest.mark.parametrize("name", [name for name in TABLES if name != "run"])
def test_a_line_is_longer_than_the_terminal_only_for_a_word_or_what_is_pasted(
    name: str, printed: Print
) -> None:
    pasted = ("edgekit ", "sudo ", "pip ", "Take ")  # a command, or the line for a bug report
    for width in range(40, 121):
        for line in printed(name, width).splitlines():
            words = re.sub(r"^(\[\d+\]|Report:)", "", line.strip()).strip()
            assert len(line) <= width or " " not in words or words.startswith(pasted), line


words = st.text(alphabet="abc0123456789.,%-", min_size=1, max_size=12)
cells = st.lists(words, max_size=6).map(" ".join)
kinds = st.sampled_from(["text", "number", "state"])


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(40, 120))
def test_any_table_is_whole_at_any_width(data: st.DataObject, width: int) -> None:
    columns = data.draw(st.lists(st.builds(Column, words, kinds), min_size=1, max_size=7))
    rows = data.draw(st.lists(st.tuples(*[cells] * len(columns)), min_size=1, max_size=4))
    console = Console(force_terminal=False)
    with console.capture() as captured:
        Page(console, width).table(columns, rows)
    shown = captured.get()
    given_words = Counter(word for row in rows for cell in row for word in cell.split())
    printed_words = Counter(shown.split())
    assert not given_words - printed_words
    for line in shown.splitlines():
        assert len(line) <= width or " " not in line.strip() or "  " in line.strip(), line


def test_wide_characters_line_up() -> None:
    console = Console(force_terminal=False)
    with console.capture() as captured:
        Page(console, 40).table(
            (Column("label"), Column("%", "number")), [("猫", "91.62"), ("cat", "8.38")]
        )
    assert captured.get().splitlines()[2:] == ["猫     91.62", "cat     8.38"]
    assert GAP == 2
