"""A user's CSV file: its headings and rows, with the number of the line that each begins in."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import BadData

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
SEPARATORS = (",", ";", "\t")
MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?"}
"""What people write where there is no value, in lower case."""

_LONGEST_FIELD = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV file.

    Attributes:
        columns: The headings as they stand in the file.
        rows: One cell a column.
        lines: Number of each row's last line in the file.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def find(self, names: Sequence[str]) -> int | None:
        """Return the index of the first column that has one of these names, in lower case."""
        lower = [column.strip().lower() for column in self.columns]
        return next((lower.index(name) for name in names if name in lower), None)

    def column(self, index: int) -> list[str]:
        """Return the cells of a column, without blanks around them."""
        return [row[index].strip() for row in self.rows]


def table_file(given: Path, expected: str) -> Path:
    """Return the CSV file that a user gave, or the only one of a folder.

    Args:
        given: File or folder.
        expected: What it should hold, for messages.
    """
    if given.is_file():
        return given
    files = sorted(
        path for path in given.iterdir() if path.name.lower().endswith(ENDINGS) and path.is_file()
    )
    if len(files) == 1:
        return files[0]
    holds = f"{len(files)} CSV files, such as '{files[0].name}'" if files else "no CSV file"
    raise BadData(f"'{given}' holds {holds}; expected is one file with {expected}.")


def read_table(path: Path, expected: str) -> Table:
    """Read a CSV file with a line of headings; commas, semicolons or tabs separate.

    Args:
        path: In UTF-8; gzip-compressed if it ends so.
        expected: What it should hold, for messages: "the columns 'text' and 'label'".

    Raises:
        BadData: It is no such file.
    """
    text = _text(path, expected)
    first = text.partition("\n")[0].strip()
    if not first:
        raise BadData(f"'{path.name}' is empty or begins with an empty line; expected {expected}.")
    separator = max(SEPARATORS, key=first.count)
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    try:
        columns = tuple(name.strip() for name in next(reader))
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(columns):
                raise BadData(
                    f"Line {reader.line_num} of '{path.name}' has {len(row)} cells, and there are "
                    f"{len(columns)} headings; put texts that hold '{separator}' in quotes."
                )
            rows.append(tuple(row))
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise BadData(
            f"Line {reader.line_num} of '{path.name}' is no line of CSV ({error}); expected "
            f"{expected}."
        ) from error
    if not rows:
        raise BadData(f"'{path.name}' has headings and no rows; expected {expected}.")
    return Table(path=path, columns=columns, rows=tuple(rows), lines=tuple(numbers))


def _text(path: Path, expected: str) -> str:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise BadData(f"'{path.name}' cannot be read ({error}); expected {expected}.") from error
    except UnicodeDecodeError as error:
        raise BadData(
            f"'{path.name}' is not text in UTF-8 (byte {error.start:,}); save it as CSV in UTF-8, "
            f"with {expected}."
        ) from error
    if "\0" in text:
        raise BadData(f"'{path.name}' holds zero bytes and is no CSV file; expected {expected}.")
    return text
