"""What a report says of latencies: the one a reader waits for, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgekit.core.report import Report, Row
from edgekit.reporting.wording import counted, latency_text, listed, state, three_digits


def latency_ms(row: Row) -> float | None:
    """Return what one waits for: all calls for one answer of the bundle's example, at the median.

    Where those were not counted it is one call of each file.
    """
    return row.latency_ms_median if row.latency_ms_example is None else row.latency_ms_example


def p90_ms(row: Row) -> float | None:
    """Return the 90th percentile of `latency_ms`, which is not known of several calls."""
    return row.latency_ms_p90 if latency_ms(row) == row.latency_ms_median else None


def times_text(report: Report) -> str:
    """Say what latencies are of, and which places have none; "" if nothing was timed."""
    timed = [row for row in report.rows if latency_ms(row) is not None]
    if not timed:
        return ""
    sentence = f"Times are medians in the runtime's process, warm-up left out{_of(report, timed)}."
    measured = [row for row in report.rows if row.status == "measured"]
    if len(measured) == len(timed):
        return sentence
    return f"{sentence} What is emulated, and a GPU computed in software, has none."


def _of(report: Report, timed: Sequence[Row]) -> str:
    known = [row for row in timed if row.latency_ms_example is not None]
    if not known:
        several = any(row.latency_ms_by_file for row in timed)
        return "; of several files the sum of one call of each" if several else ""
    if all(len(row.calls_by_file) == 1 == sum(row.calls_by_file.values()) for row in known):
        return ", of one call"
    row = known[0]
    calls = listed([f"{counted(n, 'call')} of {part}" for part, n in row.calls_by_file.items()])
    return (
        f", of all calls for one answer of the bundle's example ({report.example}; {row.variant} "
        f"takes {calls})"
    )


def latency_of_files(row: Row) -> str:
    """Return the latency with that of each call: `12.2 ms (encode 3.00, 14 x step 0.660)`.

    A file that the bundle's example does not call stands there as `hop 0.00300 a call`.
    """
    calls, alone = row.calls_by_file, row.latency_ms_median
    by_file = row.latency_ms_by_file or {name: alone or 0.0 for name in calls}
    texts = []
    for part, ms in by_file.items():
        count = calls.get(part, 1)
        times = f"{count:,} x " if count > 1 else ""
        name = f"{part} " if row.latency_ms_by_file else ""
        texts.append(f"{times}{name}{three_digits(ms)}{'' if count else ' a call'}")
    one = not row.latency_ms_by_file and set(calls.values()) <= {1}
    return latency_text(latency_ms(row)) + ("" if one else f" ({', '.join(texts)})")


def fastest(rows: Iterable[Row]) -> Row | None:
    """Return the row with the smallest latency among those within limits, or None."""
    timed = [row for row in rows if state(row) == "ok" and latency_ms(row)]
    return min(timed, key=lambda row: latency_ms(row) or 0.0, default=None)
