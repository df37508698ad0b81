"""Lay out tables, fields and notes; no word and no number is ever broken.

A table is as wide as the terminal. Where its columns find no room, the optional ones go; where that
is not enough, each row becomes a block with a line a field. In a pipe or a file each row is one
line, however long, with all columns.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from edgekit.reporting.terminal.words import broken, one_line, with_command, words_of

GAP = 2
"""Spaces between columns, and those that what belongs below something stands further right."""

READABLE = 20
"""Cells that a column of longer texts gets at least; in fewer it would be a word a line."""

STYLES: Mapping[str, str] = {
    "ok": "green",
    "yes": "green",
    "within limits": "green",
    "no": "bold red",
    "failed": "bold red",
    "out of limits": "bold red",
    "missing": "yellow",
    "predicted": "yellow",
    "unknown": "yellow",
    "not run": "dim",
}
"""The words of a state, before any comma or mark -> its style where there are colours."""

_NOTHING = ("", "–")  # noqa: RUF001  (an en dash, as in printed tables)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its heading; "" for one whose values need none.
        kind: Numbers stand to the right; states are coloured by `STYLES`; only texts are broken
            into lines.
        optional: Whether it is left out where there is no room for all.
    """

    name: str
    kind: Literal["text", "number", "state"] = "text"
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows below a heading.

    Attributes:
        rows: A text for each column.
        title: The heading; "" for none.
        beside: What stands behind it.
    """

    rows: Sequence[Sequence[str]]
    title: str = ""
    beside: str = ""

    def only(self, shown: Sequence[int]) -> Group:
        """Return it with some of its columns."""
        return replace(self, rows=[[row[k] for k in shown] for row in self.rows])


@dataclass(frozen=True)
class Page:
    """Where tables go.

    Attributes:
        console: Of Rich; decides on colours.
        width: Columns of the terminal; None where lines are as long as they are.
    """

    console: Console
    width: int | None

    @classmethod
    def of_stdout(cls) -> Page:
        """Return stdout, as wide as its terminal if it is one."""
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        return cls(Console(), shutil.get_terminal_size().columns if is_terminal else None)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; without rows, nothing."""
        self.grouped(columns, [Group(rows=list(rows))])

    def grouped(self, columns: Sequence[Column], groups: Iterable[Group]) -> None:
        """Print groups of rows as one table, whose columns line up through all of them."""
        filled = [
            replace(group, rows=[tuple(map(one_line, row)) for row in group.rows])
            for group in groups
            if group.rows
        ]
        if not filled:
            return
        columns = [replace(column, name=one_line(column.name)) for column in columns]
        few = [k for k, column in enumerate(columns) if not column.optional]
        indent = GAP if any(group.title for group in filled) else 0
        for shown in (range(len(columns)), few):
            chosen = [columns[k] for k in shown]
            fewer = [group.only(shown) for group in filled]
            widths = self._widths(chosen, [row for group in fewer for row in group.rows], indent)
            if widths is not None:
                self._grid(chosen, fewer, widths, indent)
                return
        self._blocks(columns, filled, indent)

    def fields(self, pairs: Iterable[tuple[str, str]], indent: int = 0) -> None:
        """Print a line for each name and value; a value that is too long goes on below itself."""
        self._fields([(Column(name), value) for name, value in pairs], indent)

    def notes(self, numbers: Mapping[str, int]) -> None:
        """Print what `[1]`, `[2]` ... in the rows stand for: text -> number."""
        start = max((len(f"[{number}] ") for number in numbers.values()), default=0)
        for text, number in numbers.items():
            lines = self._broken(text, start)
            told, command = with_command(one_line(text))
            if command and len(lines) > 1:
                lines = [*self._broken(told, start), command]  # in one piece, to be pasted
            for k, line in enumerate(lines):
                self._print(Text(f"{'' if k else f'[{number}]':{start}}{line}"))

    def lines(self, texts: Iterable[str] = ("",)) -> None:
        """Print sentences, each from a new line on; without any, an empty line."""
        for text in texts:
            for line in self._broken(text, 0):
                self._print(Text(line))

    def _widths(
        self, columns: Sequence[Column], rows: Iterable[Sequence[str]], indent: int
    ) -> list[int] | None:
        """Return the width of each column; None if they find no room."""
        cells = list(zip(*rows, strict=True))
        most = [
            max(map(cell_len, (column.name, *texts)))
            for column, texts in zip(columns, cells, strict=True)
        ]
        if self.width is None:
            return most
        least = [_least(column, texts) for column, texts in zip(columns, cells, strict=True)]
        room = self.width - indent - GAP * (len(columns) - 1) - sum(least)
        return None if room < 0 else _grown(columns, least, most, room)

    def _grid(
        self,
        columns: Sequence[Column],
        groups: Iterable[Group],
        widths: Sequence[int],
        indent: int,
    ) -> None:
        def print_row(row: Sequence[str], style: str = "") -> None:
            for line in _row_lines(columns, row, widths, style):
                self._print(Text(" " * indent) + line)

        if any(column.name for column in columns):
            print_row([column.name for column in columns], style="bold")
            print_row(["-" * width for width in widths], style="dim")
        for group in groups:
            self._heading(group)
            for row in group.rows:
                print_row(row)

    def _blocks(self, columns: Sequence[Column], groups: Iterable[Group], indent: int) -> None:
        """Print each row as its first text, and a line for each other one that says something."""
        for group in groups:
            self._heading(group)
            for first, *others in group.rows:
                for line in self._broken(first, indent):
                    self._print(Text(" " * indent + line))
                told = zip(columns[1:], others, strict=True)
                self._fields([pair for pair in told if pair[1] not in _NOTHING], indent + GAP)

    def _fields(self, pairs: Sequence[tuple[Column, str]], indent: int) -> None:
        label = max((cell_len(column.name) for column, _ in pairs), default=0)
        for column, value in pairs:
            start = indent + label + GAP if label else indent
            lines = self._broken(value, start)
            room = cell_len(value) if self.width is None else self.width - start
            if max(map(cell_len, lines)) > room or (len(lines) > 1 and room < READABLE):
                start = indent + GAP
                lines = ["", *self._broken(value, start)]
            for k, text in enumerate(lines):
                before = " " * start if k else f"{'':{indent}}{column.name:{start - indent}}"
                self._print(Text(before) + _styled(text, column))

    def _heading(self, group: Group) -> None:
        if group.title:
            heading = f"{group.title}: {group.beside}" if group.beside else group.title
            for k, line in enumerate(self._broken(heading, 0)):
                text = Text(line)
                text.stylize("bold", 0, 0 if k else len(group.title))
                self._print(text)

    def _broken(self, text: str, start: int) -> list[str]:
        """Break a text that begins in column `start` into lines that end before the terminal."""
        return broken(one_line(text), None if self.width is None else self.width - start)

    def _print(self, line: Text) -> None:
        line.rstrip()
        self.console.print(line, soft_wrap=True)


def _row_lines(
    columns: Sequence[Column], row: Sequence[str], widths: Sequence[int], style: str
) -> Iterable[Text]:
    """Yield the lines of a row: texts and headings may take several."""
    cells = [broken(text, width) for text, width in zip(row, widths, strict=True)]
    for texts in zip_longest(*cells, fillvalue=""):
        line = Text()
        for column, text, width in zip(columns, texts, widths, strict=True):
            room = Text(" " * (width - cell_len(text)))
            cell = Text(text, style) if style else _styled(text, column)
            line += room + cell if column.kind == "number" else cell + room
            line += Text(" " * GAP)
        yield line


def _least(column: Column, texts: Sequence[str]) -> int:
    """Return the fewest cells that a column makes sense in."""
    if column.kind != "text":
        return max(map(cell_len, (*words_of(column.name), *texts)))
    longest = max(cell_len(word) for text in (column.name, *texts) for word in words_of(text))
    return max(longest, min(READABLE, max(map(cell_len, texts))))


def _grown(
    columns: Sequence[Column], least: Sequence[int], most: Sequence[int], room: int
) -> list[int]:
    """Give room to columns that want it: texts first, always the narrowest."""
    widths = list(least)
    for _ in range(room):
        wanting = [k for k, width in enumerate(widths) if width < most[k]]
        if not wanting:
            break
        widths[min(wanting, key=lambda k: (columns[k].kind != "text", widths[k]))] += 1
    return widths


def _styled(text: str, column: Column) -> Text:
    cell = Text(text)
    if column.kind == "state":
        state = re.split(r" \[|[,:]", text)[0]
        cell.stylize(STYLES.get(state.lower(), ""), 0, len(state))
    return cell
