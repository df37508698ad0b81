"""A CSV file with texts and their labels, in splits."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.domains.own_data.class_folders import natural
from edgekit.domains.own_data.examples import Examples, balance
from edgekit.domains.own_data.files import counted, remembered
from edgekit.domains.own_data.splitting import NAMES, ToSplit, content_key, split
from edgekit.domains.own_data.tables import MISSING, Table, read_table, table_file
from edgekit.on_device.programs.sentiment import LENGTH, normalize

EXPECTED = "the columns 'text' and 'label'"
TEXTS = ("text", "sentence", "review", "message", "comment", "content", "tweet", "body")
LABELS = ("label", "labels", "class", "category", "sentiment", "target", "intent", "topic")
MOST_LABELS = 100


@remembered
def own_texts(given: Path) -> Examples:
    """Read a user's texts: `values` are `(n,)`, texts.

    Columns called `group` and `split`, if there are any, decide which texts stay together and which
    are to train, validate and test.

    Args:
        given: A CSV file with a text and its label in each line, or the folder of a single one.

    Raises:
        BadData: It is another file, or holds too few.
    """
    table = read_table(table_file(given, EXPECTED), EXPECTED)
    text_column, label_column = _columns(table)
    texts, labels = table.column(text_column), table.column(label_column)
    kept, said = _usable(texts, labels)
    names = tuple(sorted({labels[row] for row in kept}, key=natural))
    _check_labels(table, table.columns[label_column], names)
    keys = {row: content_key(ends(texts[row]).encode()) for row in kept}
    kept.sort(key=lambda row: keys[row])
    numbers = np.array([names.index(labels[row]) for row in kept], np.int32)
    splits, rule = split(
        ToSplit(
            labels=numbers,
            label_names=names,
            keys=[keys[row] for row in kept],
            groups=_optional(table, "group", kept),
            given=_given(table, kept),
            where=f"'{table.path.name}'",
            what="texts",
        )
    )
    return Examples(
        values=np.array([texts[row] for row in kept], object),
        labels=numbers,
        label_names=names,
        sources=tuple(f"line {table.lines[row]}" for row in kept),
        splits=splits,
        remarks=(*balance(numbers, names, "texts"), *rule, *said),
    )


def ends(text: str) -> str:
    """Return the words of a text that the network's length has room for; "" if it has no word.

    Two texts that begin and end with the same words must not be in two splits.
    """
    words = normalize(text).split()
    if len(words) <= LENGTH:
        return " ".join(words)
    return " ".join(words[: LENGTH // 2] + words[-(LENGTH // 2) :])


def _columns(table: Table) -> tuple[int, int]:
    """Return the columns of the texts and of the labels."""
    text, label = table.find(TEXTS), table.find(LABELS)
    if len(table.columns) == 2 and (text is None) != (label is None):
        text, label = (1 - (label or 0), label) if text is None else (text, 1 - text)
    if text is None or label is None or text == label:
        headings = ", ".join(f"'{column[:40]}'" for column in table.columns)
        raise BadData(
            f"'{table.path.name}' begins with {headings}; expected is a line of headings with "
            f"{EXPECTED}."
        )
    return text, label


def _usable(texts: list[str], labels: list[str]) -> tuple[list[int], tuple[str, ...]]:
    """Return the rows to use: with a word and a label, each text once, none with two labels."""
    rows: dict[str, list[int]] = defaultdict(list)
    empty = 0
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        words = ends(text)
        if not words or label.lower() in MISSING:
            empty += 1
        else:
            rows[words].append(row)
    clear = [same for same in rows.values() if len({labels[row] for row in same}) == 1]
    unclear = sum(map(len, rows.values())) - sum(map(len, clear))
    again = sum(len(same) - 1 for same in clear)
    said = []
    if empty:
        said.append(f"Left out: {counted(empty, 'line')} of {len(texts):,} without word or label.")
    if again:
        said.append(f"Repeated, and used once: {counted(again, 'text')}.")
    if unclear:
        said.append(
            f"Left out: {counted(unclear, 'text')} that stand there with another label too."
        )
    return [same[0] for same in clear], tuple(said)


def _check_labels(table: Table, column: str, names: tuple[str, ...]) -> None:
    if len(names) < 2:
        there = f"only the label '{names[0]}'" if names else "no line with a text and a label"
        raise BadData(f"'{table.path.name}' has {there}; two labels or more are expected.")
    if len(names) > MOST_LABELS:
        raise BadData(
            f"Column '{column}' of '{table.path.name}' holds {len(names):,} different labels; up "
            f"to {MOST_LABELS} are expected. If it is no label, call the right column 'label'."
        )
    for name in names:
        if name.splitlines() != [name]:
            raise BadData(f"Label {name!r} of '{table.path.name}' has a line break; rename it.")


def _optional(table: Table, name: str, rows: list[int]) -> list[str]:
    column = table.find((name,))
    return [table.rows[row][column].strip() if column is not None else "" for row in rows]


def _given(table: Table, rows: list[int]) -> list[str]:
    cells = _optional(table, "split", rows)
    for row, cell in zip(rows, cells, strict=True):
        if cell and cell.lower() not in NAMES:
            raise BadData(
                f"Line {table.lines[row]} of '{table.path.name}' has the split '{cell}'; expected "
                "are train, validation and test."
            )
    return [NAMES.get(cell.lower(), "") for cell in cells]
