"""Reading the output and the operation log of edgetpu_compiler."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.edgetpu.compiler_log import STATUSES, CompilerLog, LogRow, diagnose, parse, reasons
from tests.support.edgetpu_outputs import REAL, summary, table


@pytest.mark.parametrize("name", REAL["tables"])
def test_a_published_table_is_read_row_by_row(name: str) -> None:
    real = REAL["tables"][name]
    log = parse(table(name))
    assert log.version == real["version"]
    assert [[row.name, row.count, row.status] for row in log.rows] == real["rows"]
    assert log.mapped == sum(n for _, n, status in real["rows"] if status == "Mapped to Edge TPU")


def test_terminal_output_is_read_to_the_byte() -> None:
    log = parse(summary(subgraphs=1, total=72, tpu=64))
    assert (log.subgraphs, log.total, log.on_tpu, log.on_cpu) == (1, 72, 64, 8)
    assert log.on_chip_bytes == round(3.33 * 2**20)
    assert log.on_chip_left_bytes == round(4.40 * 2**20)
    assert log.off_chip_bytes == 512 * 2**10
    assert parse(summary(subgraphs=1, total=6)).mapped == 6
    assert parse(summary(subgraphs=0, total=6, tpu=0)).mapped == 0


def test_a_table_printed_twice_counts_once() -> None:
    assert parse(table("partly") * 2) == parse(table("partly"))


rows = st.lists(
    st.builds(
        LogRow,
        name=st.from_regex(r"[A-Z][A-Z0-9_]{1,30}", fullmatch=True),
        count=st.integers(0, 999_999),
        status=st.sampled_from(sorted(STATUSES)),
    ),
    unique=True,
    max_size=8,
)


@given(rows)
def test_every_table_with_known_statuses_survives_printing_and_reading(found: list[LogRow]) -> None:
    lines = [f"{row.name:<30} {row.count:<10} {row.status}" for row in found]
    log = parse("\n".join(["Operator                       Count      Status", "", *lines]))
    assert log.rows == tuple(found)
    for row in log.left:
        assert row.status in reasons(log)
        assert STATUSES[row.status] in reasons(log)


pieces = st.sampled_from(
    [line for failure in REAL["failures"] for line in failure["text"].splitlines()]
    + summary(subgraphs=1, total=9, tpu=3).splitlines()
    + table("partly").splitlines()
    + ["9" * 5000, "\x00", "CONV_2D 99999999999999999999 Mapped to Edge TPU", "²³ 1e999MiB"]
)


@given(st.lists(pieces | st.text(), max_size=30).map("\n".join))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    log = parse(text)
    assert isinstance(log, CompilerLog)
    assert log.mapped >= 0
    assert "\n" not in diagnose(text)
    assert reasons(log)
