"""The page of a search: what is recommended and why, the front as a plot, every file in a table."""

from __future__ import annotations

from pathlib import Path

from edgekit.core.errors import printable
from edgekit.core.paths import atomic
from edgekit.reporting import svg, wording
from edgekit.reporting.templates import filled
from edgekit.search.candidate import Candidate, Found
from edgekit.search.front_plot import front_plot

PAGE = "optimize.html"


def write(found: Found, folder: Path) -> Path:
    """Write `optimize.html` into a folder and return its path; the page loads nothing else."""
    values = {
        "found": found,
        "words": wording,
        "rows": rows_of(found),
        "place": wording.place_name((found.runtime, found.device)),
        "reference": wording.value_text(found.metric, found.reference),
        "plots": svg.drawn_twice(front_plot, found),
        "no_plots": svg.missing(),
    }
    path = folder / PAGE
    with atomic(path) as temporary:
        page = filled("search", "page.html.jinja", values, escape=True)
        temporary.write_text(printable(page), encoding="utf-8")
    return path


def rows_of(found: Found) -> list[tuple[str, ...]]:
    """Return a row for each file that was tried: number in the front, name, figures, verdict."""
    numbers = {name: str(number) for number, name in enumerate(found.front, 1)}
    return [
        (
            numbers.get(each.variant, ""),
            each.variant,
            wording.size_text(each.compressed_bytes),
            wording.size_text(each.size_bytes),
            wording.value_text(found.metric, each.value),
            wording.drop_text(found.metric, each.drop),
            wording.latency_text(each.latency_ms),
            _verdict(each, found),
        )
        for each in found.candidates
    ]


def _verdict(each: Candidate, found: Found) -> str:
    if each.variant == found.recommended:
        return "recommended"
    early = "" if each.effort == 1 else f" (given up at {each.effort:.0%} of its retraining)"
    if each.variant in found.front:
        return "no other is better in size, drop and time"
    return (each.broken(found.limits) or "another is better") + early
