"""The page of a search: what is recommended and why, the front as a plot, every file in a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgekit.core.errors import printable
from edgekit.core.paths import atomic
from edgekit.core.recipe import Metric
from edgekit.reporting import svg, wording
from edgekit.reporting.templates import filled
from edgekit.search.candidate import Candidate, Found, Limits
from edgekit.search.front_plot import front_plot

PAGE = "optimize.html"
TIME = "time of a call"


def write(found: Found, folder: Path) -> Path:
    """Write `optimize.html` into a folder and return its path; the page loads nothing else."""
    values = {
        "found": found,
        "words": wording,
        "heads": heads_of(found),
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


def heads_of(found: Found) -> list[str]:
    """Return the headings of a row's figures; how sure a drop is only where that is known."""
    sure = [_INTERVAL] if any(each.drop_interval for each in found.candidates) else []
    return [
        "compressed",
        "file",
        found.metric.name,
        found.metric.worsening,
        *sure,
        TIME,
    ]


def rows_of(found: Found) -> list[tuple[str, ...]]:
    """Return a row for each file that was tried: number in the front, name, figures, verdict."""
    is_sure, bare = _INTERVAL in heads_of(found), replace(found.metric, unit="")
    numbers = {name: str(number) for number, name in enumerate(found.front, 1)}
    return [
        (
            numbers.get(each.variant, ""),
            each.variant,
            wording.size_text(each.compressed_bytes),
            wording.size_text(each.size_bytes),
            wording.value_text(found.metric, each.value),
            wording.drop_text(found.metric, each.drop),
            *([wording.interval_text(bare, each.drop_interval)] if is_sure else []),
            wording.latency_text(each.latency_ms),
            _verdict(each, found),
        )
        for each in found.candidates
    ]


def doubt_of(best: Candidate, metric: Metric, limits: Limits) -> str:
    """Say that the drop of what is recommended may be within its limit by chance.

    "" where its 95 % interval does not cross the limit, or is not known.
    """
    allowed, known = best.allowed_drop(limits), best.drop_interval
    if allowed is None or known is None or known.high <= allowed:
        return ""
    return (
        f"That the {metric.worsening} of {best.variant} is within the limit of "
        f"{wording.amount_text(metric, allowed)} may be chance: it was measured on "
        f"{wording.counted(best.examples or 0, 'example')}, and on others of the same kind it may "
        f"be {wording.interval_text(metric, known)} (95 % confidence)."
    )


def _verdict(each: Candidate, found: Found) -> str:
    """Explain a point: why it is recommended, what it trades, what beats it, or what it breaks."""
    by_name = {other.variant: other for other in found.candidates}
    if each.variant == found.recommended:
        return "recommended: the smallest within limits"
    early = "" if each.effort == 1 else f" (given up at {each.effort:.0%} of its retraining)"
    if each.variant in found.front:
        return f"beside the recommended: {_trade(each, by_name[found.recommended], found)}"
    if broken := each.broken(found.limits):
        return broken + early
    better = (name for name in found.front if by_name[name].beats(each))
    name = next(better, "")
    return (f"{name} is no worse in anything" if name else "another is better") + early


def _trade(each: Candidate, best: Candidate, found: Found) -> str:
    """Say what a file of the front gives for its size."""
    ratio = (each.compressed_bytes or 0) / (best.compressed_bytes or 1)
    words = [f"{ratio:.2f} times the size" if ratio > 1 else "the same size"]
    less = (best.drop or 0.0) - (each.drop or 0.0)
    if wording.drop_text(found.metric, less) != wording.drop_text(found.metric, 0.0):
        amount = wording.drop_text(found.metric, abs(less)).removeprefix("+")
        words.append(f"{amount} {'less' if less > 0 else 'more'} {found.metric.worsening}")
    if best.latency_ms and each.latency_ms:
        faster = best.latency_ms / each.latency_ms
        share = max(faster, 1 / faster)
        if share >= _NOTEWORTHY:
            words.append(f"{share:.2f} times as {'fast' if faster > 1 else 'long a call'}")
    return ", ".join(words)


_INTERVAL = "its 95 % interval"

_NOTEWORTHY = 1.05
"""Times closer than 5 % are not told apart: two runs of one file differ as much."""
