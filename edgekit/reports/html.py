"""A build's report as one self-contained page with plots."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.building.run_folder import repeatable
from edgekit.core import registry
from edgekit.core.errors import printable
from edgekit.core.kinds import Reporter
from edgekit.core.paths import atomic
from edgekit.core.report import ExplainedFile, Report, Row
from edgekit.reporting import drawn_svg, latency, plots, seen_tables, svg, wording
from edgekit.reporting.noise_plot import noise_plot
from edgekit.reporting.precision_plot import precision_plot
from edgekit.reporting.seen import Seen, read_seen, without_shares
from edgekit.reporting.templates import filled
from edgekit.reporting.verdict import certainty, recommendation, verdict

if TYPE_CHECKING:
    from markupsafe import Markup

_TEMPLATE = "report.html.jinja"


def write(report: Report, folder: Path) -> Path:
    """Write `report.html` into `folder` and return its path; the page loads nothing else."""
    values = {**_values(report), **_seen(report, read_seen(folder)), "pages": _pages(folder)}
    page = filled("reports", _TEMPLATE, values, escape=True)
    path = folder / "report.html"
    with atomic(path) as temporary:
        temporary.write_text(printable(page), encoding="utf-8")
    return path


def _values(report: Report) -> dict[str, object]:
    notes = wording.footnotes(report.rows)
    metric = report.metric
    return {
        "report": report,
        "repeatable": repeatable(),
        "words": wording,
        "latency": latency,
        "verdict": verdict(report),
        "recommendation": recommendation(report),
        "headline": _headline(report),
        "cards": list(_cards(report)),
        "states": {wording.state(row): wording.STATES[wording.state(row)] for row in report.rows},
        "places": {place: wording.place_name(place) for place in wording.places(report.rows)},
        "variants": wording.by_variant(report.rows),
        "facts": wording.facts,
        "notes": notes,
        "note": lambda row: notes.get(row.reason),
        "value": lambda value: wording.value_text(metric, value),
        "drop": lambda value: wording.drop_text(metric, value),
        "adapters": _adapters(report),
        "amount": lambda amount: wording.amount_text(metric, amount),
        "interval": lambda interval: wording.interval_text(metric, interval),
        "behind": report.behind_baseline,
        "intervals": any(row.value_interval for row in report.rows),
        "worsening": metric.worsening,
        "examples": wording.examples_text(report.rows),
        "certainty": certainty(report),
        "times": latency.times_text(report),
        "command": wording.command_of(report),
        "judged": [(row, each) for row in report.rows for each in row.judged],
        "explanations": list(_explanations(report)),
        "verdicts": wording.TRIED,
        "sizes": svg.drawn_twice(plots.size_plot, report),
        "latencies": svg.drawn_twice(plots.latency_plot, report),
        "no_plots": svg.missing(),
    }


def _pages(folder: Path) -> list[str]:
    """Return the pages that bundles of the build hold, by their paths from the report."""
    pages = (f"{name}/index.html" for name in registry.names("packagers"))
    return [page for page in pages if (folder / page).is_file()]


def _seen(report: Report, seen: Seen | None) -> dict[str, object]:
    """Return what the page shows of test examples."""
    from markupsafe import Markup

    pictures = seen.pictures if seen else ()
    return {
        "seen": seen,
        "compared": seen_tables.compared_text(seen) if seen else "",
        "where_seen": wording.place_name((seen.runtime, seen.device)) if seen else "",
        # These escape what is not their own.
        "held": Markup(drawn_svg.symbols(pictures)),
        "svg": lambda drawn: Markup(drawn_svg.drawn_svg(drawn, pictures)),
        "legend": drawn_svg.legend,
        "said": lambda drawn: without_shares(next(iter(drawn.text.splitlines()), "")),
        "precisions": svg.drawn_twice(precision_plot, seen) if seen else {},
        "matrix": seen_tables.matrix(seen) if seen else [],
        "confused": seen_tables.most_confused(seen) if seen else [],
        "further": seen_tables.figures_of(report, seen),
    }


def _headline(report: Report) -> tuple[str, str]:
    """Return a state for the colour, and the words."""
    if any(row.ok is False for row in report.rows):
        return "bad", "Out of limits"
    if not any(row.status == "measured" for row in report.rows):
        return "none", "Nothing measured"
    if report.beats_baseline and not report.behind_baseline:
        return "good", "Within limits"
    return "warn" if report.ok else "bad", "Within limits, but no better than the baseline"


def _cards(report: Report) -> Iterator[tuple[str, str, str]]:
    """Give the figures that a reader looks for first: what, figure, detail."""
    metric, baseline = report.metric, report.baseline
    yield (
        f"Keras reference, {metric.name}",
        wording.value_text(metric, report.reference),
        f"{baseline.name}: {wording.value_text(metric, baseline.value)}{_interval(report)}",
    )
    small = wording.smallest(report.rows)
    if small:
        rows = [row for row in report.rows if row.variant == small]
        worst = wording.worst(rows)
        value = wording.value_text(metric, worst.value if worst else None)
        size = wording.size_text(wording.facts(rows).compressed_bytes)
        yield "Smallest within limits", size, f"{small} compressed, at worst {value}"
    fastest = latency.fastest(report.rows)
    if fastest:
        where = wording.place_name((fastest.runtime, fastest.device))
        time = wording.latency_text(latency.latency_ms(fastest))
        yield "Fastest within limits", time, f"{fastest.variant} on {where}{_calls(fastest)}"
    measured = sum(row.status == "measured" for row in report.rows)
    variants, places = len(wording.by_variant(report.rows)), len(wording.places(report.rows))
    detail = f"variants: {variants}, places: {places}"
    yield "Combinations measured", f"{measured} of {len(report.rows)}", detail


def _interval(report: Report) -> str:
    """Return how sure the reference's value is, for a card."""
    known = report.reference_interval
    return f"; with 95 % confidence {wording.interval_text(report.metric, known)}" if known else ""


def _calls(row: Row) -> str:
    """Say what a latency is of, for a card."""
    if row.latency_ms_example is None:
        return ", one call of each file" if row.latency_ms_by_file else ""
    calls = sum(row.calls_by_file.values())
    return f", {calls:,} calls for one answer" if calls > 1 else ""


def _adapters(report: Report) -> dict[str, str]:
    """Return the place that ran on an accelerator -> the adapter it named."""
    return {
        wording.place_name((row.runtime, row.device)): row.adapter
        for row in report.rows
        if row.adapter
    }


def _explanations(report: Report) -> Iterator[tuple[ExplainedFile, dict[str, Markup]]]:
    """Give each explanation with its plot."""
    for number, each in enumerate(report.explanations, 1):
        yield each, svg.drawn_twice(partial(noise_plot, number=number), each)


def inline(report: Report) -> str:
    """Return verdict and figures as HTML within another page, such as a notebook."""
    values = {
        "report": report,
        "words": wording,
        "verdict": verdict(report),
        "places": {place: wording.place_name(place) for place in wording.places(report.rows)},
        "variants": wording.by_variant(report.rows),
        "facts": wording.facts,
        "value": lambda value: wording.value_text(report.metric, value),
    }
    return printable(filled("reports", "notebook_report.html.jinja", values, escape=True))


report = Reporter(write=write)
