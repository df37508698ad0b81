"""What a build comes to, in sentences: within limits or not, the baseline beaten, what to take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgekit.core.report import Report, Row
from edgekit.reporting import latency, wording
from edgekit.reporting.wording import counted, listed, place_name, places, state

MOST_NAMED = 3
"""Variants or places that a sentence names; of more it says how many they are."""


def verdict(report: Report) -> str:
    """Say in one sentence what is proven where, what of it beats the baseline, what did not run."""
    measured = [row for row in report.rows if row.status == "measured"]
    said = (_proven(measured), *_hollow(report, measured), against_baseline(report))
    return f"{'; '.join((*said, *_unproven(report)))}."


def against_baseline(report: Report) -> str:
    """Say whether the reference and all that was made of it are better than the baseline."""
    simple = wording.value_text(report.metric, report.baseline.value)
    baseline = f"the baseline ({report.baseline.name}, {simple})"
    if not report.beats_baseline:
        return f"the reference is no better than {baseline}"
    if report.behind_baseline:
        return f"the reference beats {baseline}, but not so {_named(report.behind_baseline)}"
    if any(row.value is not None for row in report.rows):
        return f"the reference and all variants beat {baseline}"
    return f"the reference beats {baseline}"


def certainty(report: Report) -> str:
    """Say how sure the metric and the largest change of it are; "" if that is not known."""
    metric, known = report.metric, report.reference_interval
    if known is None:
        return ""
    sentence = (
        f"On other examples of the same kind the reference's {metric.name} may be "
        f"{wording.interval_text(metric, known)} (95 % confidence)"
    )
    row = wording.worst(report.rows)
    if row is None or row.drop_interval is None:
        return f"{sentence}."
    change = wording.interval_text(metric, row.drop_interval)
    where = place_name((row.runtime, row.device))
    changed = (
        f"only the reference answers {row.right_lost:,} right, and only the file "
        f"{row.right_gained:,}"
    )
    if not row.right_lost and not row.right_gained:
        changed = "both answer the same ones right"
    return (
        f"{sentence}, and the {metric.worsening} of {row.variant} on {where}, the largest, "
        f"{change}: of {row.examples:,} examples {changed}."
    )


def recommendation(report: Report) -> str:
    """Say which variant to take, and why; "" if none is within limits.

    That is the smallest, as it is downloaded, of those that were within limits wherever they ran
    and that beat the baseline; the fastest is named beside it.
    """
    behind = {row.variant for row in report.behind_baseline}
    rows = [row for row in report.rows if row.variant not in behind]
    if not report.beats_baseline:
        rows = []
    chosen = wording.smallest(rows)
    if chosen is None:
        return ""
    fastest = latency.fastest(rows)
    is_fastest = fastest is not None and fastest.variant == chosen
    what = "the smallest and the fastest" if is_fastest else "the smallest"
    sentences = [f"Take {chosen}, {what} within limits: {_figures(report, chosen, fastest)}."]
    if fastest is not None and not is_fastest:
        where = place_name((fastest.runtime, fastest.device))
        time = wording.latency_text(latency.latency_ms(fastest))
        sentences.append(f"The fastest is {fastest.variant}: {time} on {where}.")
    if report.size == "tiny":
        sentences.append("Before you use it, build it in full size: tiny only shows that it runs.")
    return " ".join(sentences)


def _figures(report: Report, variant: str, fastest: Row | None) -> str:
    """Return size, value at worst, and latency where the fastest was timed."""
    rows = [row for row in report.rows if row.variant == variant]
    known, worst = wording.facts(rows), wording.worst(rows)
    figures = [
        f"{wording.size_text(known.size_bytes)}, "
        f"{wording.size_text(known.compressed_bytes)} compressed"
    ]
    if worst:
        figures.append(f"{report.metric.name} {wording.value_text(report.metric, worst.value)}")
    for row in rows:
        if fastest and (row.runtime, row.device) == (fastest.runtime, fastest.device):
            where = place_name((row.runtime, row.device))
            figures.append(f"{wording.latency_text(latency.latency_ms(row))} on {where}")
    return ", ".join(figures)


def _proven(measured: Sequence[Row]) -> str:
    if not measured:
        return "Nothing was measured"
    where = listed([place_name(place) for place in places(measured)])
    bad = [row for row in measured if row.ok is False]
    variants = counted(len({row.variant for row in measured}), "variant")
    runs = f"{counted(len(measured), 'measurement')} of {variants} on {where}"
    if not bad:
        return f"All {runs} {_are(len(measured))} within limits"
    return f"{len(bad)} of {runs} {_are(len(bad))} out of limits ({_named(bad)})"


def _hollow(report: Report, measured: Sequence[Row]) -> Iterable[str]:
    """Say of which variants any answer is within limits, since so much may be lost as there is."""
    variants = dict.fromkeys(
        row.variant
        for row in measured
        if report.metric.higher_is_better
        and None not in (row.value, row.drop, row.drop_limit)
        and 0 <= (row.value or 0) + (row.drop or 0) <= (row.drop_limit or 0)
    )
    if variants:
        what = listed([*variants]) if len(variants) <= MOST_NAMED else f"{len(variants)} variants"
        value = wording.value_text(report.metric, report.reference)
        yield (
            f"but that shows nothing of {what}, since a drop from the reference's {value} to "
            "nothing would be within limits too"
            + (": build in full size" if report.size == "tiny" else "")
        )


def _unproven(report: Report) -> Iterable[str]:
    predicted = [row for row in report.rows if state(row) == "predicted"]
    absent = [row for row in report.rows if state(row) == "not run"]
    failed = [row for row in report.rows if state(row) == "failed"]
    if failed:
        yield f"{counted(len(failed), 'combination')} failed ({_named(failed)})"
    if predicted:
        where = listed([place_name(place) for place in places(predicted)])
        yield f"{where} {_are(len(places(predicted)))} predicted, not run"
    if absent:
        count = counted(len(absent), "combination")
        yield f"{count} {_was(len(absent))} not run ({_named(absent)})"


def _named(rows: Sequence[Row]) -> str:
    """Return `int16x8 on litert-gpu`, places with several variants together, three at most."""
    names = []
    for place in places(rows):
        variants = [row.variant for row in rows if (row.runtime, row.device) == place]
        what = variants[0] if len(variants) == 1 else f"{len(variants)} variants"
        names.append(f"{what} on {place_name(place)}")
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and on {more} more" if more > 0 else "")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
