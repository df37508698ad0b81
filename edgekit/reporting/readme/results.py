"""What full builds measured: kept in `recipes/results.json`, shown as tables in the README.

Both files are written by `edgekit results` only, from the `report.json` of real builds: no figure
in the README is typed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.paths import atomic
from edgekit.core.recipe import Metric
from edgekit.core.records import Json
from edgekit.core.report import Report, Row
from edgekit.core.variant import PRECISIONS
from edgekit.reporting import report_json, wording
from edgekit.reporting.readme.details import details_table

BEGIN = "<!-- results:begin -->"
END = "<!-- results:end -->"
RESULTS = Path("recipes") / "results.json"
README = Path("README.md")

Entry = Mapping[str, Json]
"""What a full build measured: its report with other names, flat, as in `recipes/results.json`."""

Results = Mapping[str, Entry]
"""Recipe -> what its full build measured."""

_NOTHING_YET = "No full build is recorded yet; `edgekit results runs/NAME` puts its figures here."


def record(run_dirs: Sequence[Path], repository: Path) -> Path:
    """Merge full builds into `recipes/results.json` and write the README's tables anew.

    Args:
        run_dirs: Run folders of `edgekit build RECIPE --size full`; one per recipe.
        repository: The checkout to write into.

    Returns:
        The path of `recipes/results.json`.

    Raises:
        BadInput: A build is not a full one, or two are of one recipe, or the README lacks the
            marks that the tables stand between.
        BadData: A report, or the results so far, cannot be read.
        NotFound: A run folder has no report, or the checkout no README.
    """
    readme, path = repository / README, repository / RESULTS
    before, after = _around(readme)
    results = {**read(path), **_new(run_dirs)}
    ordered = {name: results[name] for name in sorted(results)}
    _write(path, _json_text(ordered))
    _write(readme, f"{before}{BEGIN}\n{readme_table(ordered)}\n{END}{after}")
    return path


def read(path: Path) -> dict[str, Entry]:
    """Return the recorded results; none if there is no such file.

    Raises:
        BadData: It is not a file of results.
    """
    if not path.is_file():
        return {}
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        for name, entry in results.items():
            _report(name, entry)
    except (ValueError, KeyError, TypeError, AttributeError, BadData) as error:
        raise BadData(
            f"'{path}' is not a file of results ({error}); restore the committed one."
        ) from error
    return dict(results)


def readme_table(results: Results) -> str:
    """Return the README's tables: what each precision measured, then where each one ran."""
    if not results:
        return _NOTHING_YET
    reports = [_report(name, results[name]) for name in sorted(results)]
    parts = (
        _values_table(reports),
        _explanation(),
        _places_table(reports),
        details_table(reports),
        _machines(reports),
    )
    return "\n\n".join(filter(None, ("\n".join(part) for part in parts)))


def _new(run_dirs: Sequence[Path]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for run_dir in run_dirs:
        report = report_json.load_report(run_dir)
        if report.size != "full":
            raise BadInput(
                f"'{run_dir}' is a build of size {report.size}; results are those of full builds: "
                f"`edgekit build {report.recipe} --size full`."
            )
        if report.recipe in entries:
            raise BadInput(f"Two of the builds are of '{report.recipe}'; give one a recipe.")
        entries[report.recipe] = _entry(report)
    return entries


def _entry(report: Report) -> Entry:
    return {
        "metric": report.metric.name,
        "unit": report.metric.unit,
        "higher_is_better": report.metric.higher_is_better,
        "value": report.reference,
        "baseline": report.baseline.name,
        "baseline_value": report.baseline.value,
        "seconds": report.train_seconds,
        "seed": report.seed,
        "date": report.date,
        "machine": report.machine,
        "versions": dict(report.versions),
        "notes": list(report.notes),
        "reference_details": dict(report.reference_details),
        "rows": report_json.to_json(report)["rows"],
    }


def _report(name: str, entry: Entry) -> Report:
    """Return the report an entry was made of, checked field by field."""
    metric = {
        "name": entry["metric"],
        "unit": entry["unit"],
        "higher_is_better": entry["higher_is_better"],
    }
    return report_json.from_json(
        {
            **entry,
            "recipe": name,
            "size": "full",
            "metric": metric,
            "reference": entry["value"],
            "baseline": {"name": entry["baseline"], "value": entry["baseline_value"]},
            "train_seconds": entry["seconds"],
        }
    )


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
                f"{wording.value_text(metric, baseline.value)} ({baseline.name})",
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


def _explanation() -> Iterator[str]:
    yield (
        "Size, value at the largest drop among the places scored on all test examples, and in "
        "brackets that drop: how much worse than the Keras float model. Where each variant ran:"
    )


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
    """One line per machine and set of versions, and the commands that repeat the builds."""
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


def _around(readme: Path) -> tuple[str, str]:
    """Return the README's text before and after the tables."""
    if not readme.is_file():
        raise NotFound(f"There is no '{readme}'; give the checkout with --repository.")
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise BadInput(f"'{readme}' must hold '{BEGIN}' and then '{END}', each once.")
    return before, after


def _json_text(results: Results) -> str:
    """Return the results as JSON with one row per line, so that a diff shows which rows changed."""
    entries = [f"  {json.dumps(name)}: {_entry_text(entry)}" for name, entry in results.items()]
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _entry_text(entry: Entry) -> str:
    rows = ",\n".join(f"      {json.dumps(row, allow_nan=False)}" for row in entry["rows"])
    fields = {key: json.dumps(value) for key, value in entry.items()}
    fields["rows"] = f"[\n{rows}\n    ]"
    lines = ",\n".join(f"    {json.dumps(key)}: {text}" for key, text in fields.items())
    return f"{{\n{lines}\n  }}"


def _write(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
