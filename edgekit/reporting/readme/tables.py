"""The tables made of what full builds measured: all of them, by family, and a short one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edgekit.core.recipe import Metric
from edgekit.core.report import Report, Row
from edgekit.core.variant import PRECISIONS
from edgekit.reporting import wording
from edgekit.reporting.readme.details import details_table
from edgekit.reporting.readme.families import FAMILIES, Family, by_family

NOTHING_YET = "No full build is recorded yet; `edgekit results runs/NAME` puts its figures here."
RAN: tuple[wording.State, ...] = ("ok", "measured", "out of limits")
"""States of a file that a place has run."""


def full_tables(reports: Sequence[Report]) -> str:
    """Return all tables, family by family; the page of each family shows its own."""
    if not reports:
        return NOTHING_YET
    parts = [_section(family, of_family) for family, of_family in _grouped(reports)]
    return "\n\n".join([*parts, "## Machines and versions", "\n\n".join(_machines(reports))])


def short_table(reports: Sequence[Report]) -> str:
    """Return one line per family: its recipes, its best result, and where its files ran."""
    if not reports:
        return NOTHING_YET
    lines = list(wording.markdown_head(["family", "recipes", "best result", "where its files ran"]))
    for family, of_family in _grouped(reports):
        names = ", ".join(f"`{report.recipe}`" for report in of_family)
        best = wording.markdown_text(_best(of_family))
        places = wording.markdown_text(_where([row for report in of_family for row in report.rows]))
        lines.append(f"| [{family.title}]({_page(family)}) | {names} | {best} | {places} |")
    return "\n".join(lines)


def _grouped(reports: Sequence[Report]) -> Iterator[tuple[Family, list[Report]]]:
    by_name = {report.recipe: report for report in reports}
    for family, names in by_family(by_name).items():
        yield family, [by_name[name] for name in names]


def _page(family: Family) -> str:
    """Return where a family is described, seen from the README."""
    known = f"docs/recipes/{family.name}.md"
    return known if family in FAMILIES else f"docs/results.md#{family.name}"


def _section(family: Family, reports: Sequence[Report]) -> str:
    """Return the tables of a family below its title."""
    tables = (_values_table(reports), _places_table(reports), details_table(reports))
    return "\n\n".join(
        [f"## {family.title}", *filter(None, ("\n".join(table) for table in tables))]
    )


def _best(reports: Sequence[Report]) -> str:
    """Say what the best of a family measured, by the metric that most of its recipes share."""
    shared = Counter(report.metric.name for report in reports).most_common(1)[0][0]
    of_metric = [report for report in reports if report.metric.name == shared]
    best = max(of_metric, key=lambda r: r.reference * (1 if r.metric.higher_is_better else -1))
    metric = best.metric
    text = (
        f"{best.recipe}: {metric.name} {wording.value_text(metric, best.reference)} in Keras "
        f"({best.baseline.name}: {wording.value_text(metric, best.baseline.value)})"
    )
    smallest = wording.smallest(best.rows)
    if smallest is None:
        return f"{text}; no file within limits"
    rows = list(wording.by_variant(best.rows)[smallest].values())
    worst = wording.worst(rows)
    size = wording.size_text(wording.facts(rows).compressed_bytes)
    value = wording.value_text(metric, worst.value if worst else None)
    return f"{text}; {value} as {smallest} of {size}"


def _where(rows: Sequence[Row]) -> str:
    """Return `all 52 on litert; 46 of 52 on litert-gpu; predicted on edgetpu`."""
    texts: dict[str, list[str]] = {}
    for place in wording.places(rows):
        states = Counter(wording.state(row) for row in rows if (row.runtime, row.device) == place)
        texts.setdefault(_ran_text(states), []).append(wording.place_name(place))
    return "; ".join(f"{text} on {wording.listed(names)}" for text, names in texts.items())


def _ran_text(states: Counter[wording.State]) -> str:
    """Return `all 52`, `46 of 52, 1 out of limits` or the one word that holds for all files."""
    ran, total = sum(states[state] for state in RAN), states.total()
    if not ran:
        return "predicted" if states["predicted"] == total else "not run"
    bad = f", {states['out of limits']} out of limits," if states["out of limits"] else ""
    return f"all {total}{bad}" if ran == total else f"{ran} of {total}{bad}"


def _values_table(reports: Sequence[Report]) -> Iterator[str]:
    """One line per recipe: the reference, the baseline, and what each precision keeps of it."""
    yield from wording.markdown_head(
        ["recipe", "metric", "Keras float", "baseline", *PRECISIONS, "smallest within limits"]
    )
    for report in reports:
        metric, baseline = report.metric, report.baseline
        variants = wording.by_variant(report.rows)
        smallest = wording.smallest(report.rows)
        yield wording.markdown_row(
            [
                report.recipe,
                metric.name if metric.higher_is_better else f"{metric.name}, lower is better",
                wording.value_text(metric, report.reference),
                f"{wording.value_text(metric, baseline.value)} ({baseline.name})"
                f"{'' if report.beats_baseline else ', not beaten'}",
                *(_cell(metric, list(variants.get(name, {}).values())) for name in PRECISIONS),
                f"{smallest}: {_cell(metric, list(variants[smallest].values()), compressed=True)}"
                if smallest
                else wording.NONE,
            ]
        )


def _cell(metric: Metric, rows: Sequence[Row], *, compressed: bool = False) -> str:
    """Return `206 kB, 91.41 % (+0.21)` at the worst place, or a state."""
    worst = wording.worst(rows)
    if not rows or worst is None:
        return wording.state(rows[0]) if rows else wording.NONE
    known = wording.facts(rows)
    size = wording.size_text(known.compressed_bytes if compressed else known.size_bytes)
    value, drop = wording.value_text(metric, worst.value), wording.drop_text(metric, worst.drop)
    bad = any(wording.state(row) in ("out of limits", "failed") for row in rows)
    broken = ", out of limits" if bad else ""
    return f"{size}{' compressed' if compressed else ''}, {value} ({drop}){broken}"


def _places_table(reports: Sequence[Report]) -> Iterator[str]:
    """One line per recipe: how its variants did on each place."""
    where = wording.places(row for report in reports for row in report.rows)
    names = [wording.place_name(place) for place in where]
    yield from wording.markdown_head(["recipe", *names, "date"])
    for report in reports:
        cells = [
            _states([row for row in report.rows if (row.runtime, row.device) == place])
            for place in where
        ]
        yield wording.markdown_row([report.recipe, *cells, report.date])


def _states(rows: Sequence[Row]) -> str:
    """Return `all 11 measured`, or `10 measured; not run: int16x8`."""
    variants: dict[str, list[str]] = {}
    for row in rows:
        word = wording.state(row).replace("ok", "measured")
        variants.setdefault(word, []).append(row.variant)
    if len(variants) == 1:
        return "".join(f"all {len(names)} {word}" for word, names in variants.items())
    parts = [
        f"{len(names)} {word}" if word == "measured" else f"{word}: {', '.join(names)}"
        for word, names in variants.items()
    ]
    return "; ".join(parts) or wording.NONE


def _machines(reports: Sequence[Report]) -> Iterator[str]:
    """One paragraph per machine and set of versions, and the commands that repeat the builds."""
    made: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
        seconds = f"{report.recipe} (trained in {report.train_seconds:,.0f} s)"
        made.setdefault((report.machine, versions), []).append(seconds)
    for (machine, versions), names in made.items():
        yield wording.markdown_text(f"Measured on {machine}; {versions}: {', '.join(names)}.")
    yield (
        "To repeat it: `edgekit build NAME --size full`, then `edgekit results runs/NAME`, "
        "which writes these tables."
    )
