"""How tables are laid out: what goes first where there is little room, and what stays whole."""

from __future__ import annotations

import pytest
from rich.console import Console

from edgekit.reporting.terminal.table import Column, Group, Page
from edgekit.reporting.terminal.words import broken, numbered, with_mark

COLUMNS = (
    Column("file"),
    Column("median ms", "number"),
    Column("p90 ms", "number", optional=True),
    Column("verdict", "state"),
)
ROWS = [("model.tflite", "1234.568", "1399.012", "ok"), ("b", "0.123", "–", "no [1]")]  # noqa: RUF001


def shown(width: int | None, *, title: str = "") -> list[str]:
    console = Console(force_terminal=False)
    with console.capture() as captured:
        Page(console, width).grouped(COLUMNS, [Group(rows=ROWS, title=title)])
    return captured.get().splitlines()


def test_a_pipe_gets_all_columns_in_one_line() -> None:
    assert shown(None) == [
        "file          median ms    p90 ms  verdict",
        "------------  ---------  --------  -------",
        "model.tflite   1234.568  1399.012  ok",
        "b                 0.123         –  no [1]",  # noqa: RUF001
    ]


def test_headings_are_broken_first_then_optional_columns_go() -> None:
    assert shown(41)[:3] == [
        "file            median    p90 ms  verdict",
        "                    ms",
        "------------  --------  --------  -------",
    ]
    assert shown(31)[2:4] == [
        "------------  --------  -------",
        "model.tflite  1234.568  ok",
    ]


def test_where_even_that_finds_no_room_a_row_is_a_block() -> None:
    assert shown(30, title="litert") == [
        "litert",
        "  model.tflite",
        "    median ms  1234.568",
        "    p90 ms     1399.012",
        "    verdict    ok",
        "  b",
        "    median ms  0.123",
        "    verdict    no [1]",
    ]


def test_without_rows_there_is_no_table() -> None:
    console = Console(force_terminal=False)
    with console.capture() as captured:
        Page(console, 80).table(COLUMNS, [])
        Page(console, 80).notes({})
    assert captured.get() == ""


def test_a_command_that_a_note_ends_in_stays_in_one_piece() -> None:
    console = Console(force_terminal=False)
    with console.capture() as captured:
        Page(console, 30).notes(
            {"ssh is not on PATH; run: sudo apt-get install openssh-client": 1, "It is float.": 12}
        )
    assert captured.get().splitlines() == [
        "[1]  ssh is not on PATH; run:",
        "     sudo apt-get install openssh-client",
        "[12] It is float.",
    ]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("error 0.71 %, at most", 9, ["error", "0.71 %,", "at most"]),
        ("takes 30.5 kB here", 12, ["takes", "30.5 kB here"]),
        ("a verdict [12]", 11, ["a", "verdict [12]"]),
        ("https://example.org/long", 8, ["https://example.org/long"]),
        ("", 8, [""]),
    ],
)
def test_numbers_stay_with_their_units_and_words_whole(
    text: str, width: int, lines: list[str]
) -> None:
    assert broken(text, width) == lines


def test_equal_reasons_share_a_number() -> None:
    notes = numbered(["late", "", "wrong", "late"])
    assert notes == {"late": 1, "wrong": 2}
    assert with_mark("no", "wrong", notes) == "no [2]"
    assert with_mark("yes", "", notes) == "yes"
