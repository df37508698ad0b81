"""What full builds measured: kept in `recipes/results.json`, shown as tables in the README.

Both files are written by `edgekit results` only, from the `report.json` of real builds, so that no
figure in the README was ever typed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.paths import atomic
from edgekit.core.recipe import Metric
from edgekit.core.report import Report, Row
from edgekit.core.variant import PRECISIONS
from edgekit.reporting import report_json, wording

BEGIN = "<!-- results:begin -->"
END = "<!-- results:end -->"
RESULTS = Path("recipes") / "results.json"
README = Path("README.md")

Results = Mapping[str, Mapping[str, Any]]
"""Recipe -> what its full build measured, as in `recipes/results.json`."""

_NOTHING_YET = "No full build is recorded yet; `edgekit results runs/NAME` puts its figures here."


def record(run_dirs: Sequence[Path], repository: Path) -> Path:
    """Merge full builds into `recipes/results.json` and write the README's tables anew.

    Args:
        run_dirs: Run folders of `edgekit build RECIPE --size full`; one a recipe.
        repository: The checkout to write into.

    Returns:
        The path of `recipes/results.json`.

    Raises:
        BadInput: A build is not a full one, or two are of one recipe, or the README has no place
            for the tables.
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


def read(path: Path) -> dict[str, Mapping[str, Any]]:
    """Return the recorded results; none if there is no such file.

    Raises:
        BadData: It is not a file of results.
    """
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for name, entry in found.items():
            _report(name, entry)
    except (ValueError, KeyError, TypeError, AttributeError, BadData) as error:
        raise BadData(
            f"'{path}' is not a file of results ({error}); restore the committed one."
        ) from error
    return dict(found)


def readme_table(results: Results) -> str:
    """Return the README's tables: what each precision measured, then where each one ran."""
    if not results:
        return _NOTHING_YET
    reports = [_report(name, results[name]) for name in sorted(results)]
    parts = (
        _values_table(reports),
        _sentence(),
        _places_table(reports),
        _machines(reports),
    )
    return "\n\n".join("\n".join(part) for part in parts)


def _new(run_dirs: Sequence[Path]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for run_dir in run_dirs:
        report = report_json.load_report(run_dir)
        if report.size != "full":
            raise BadInput(
                f"'{run_dir}' is a build of size {report.size}; results are those of full builds: "
                f"`edgekit build {report.recipe} --size full`."
            )
        if report.recipe in found:
            raise BadInput(f"Two of the builds are of '{report.recipe}'; give one a recipe.")
        found[report.recipe] = _entry(report)
    return found


def _entry(report: Report) -> dict[str, Any]:
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
        "rows": report_json.to_json(report)["rows"],
    }


def _report(name: str, entry: Mapping[str, Any]) -> Report:
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
    """One line a recipe: the reference, the baseline, and what each precision keeps of it."""
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
    """Return `206 kB, 91.41 % (+0.21)` at the worst place, or what became of it."""
    worst = wording.worst(rows)
    if not rows or worst is None:
        return wording.state(rows[0]) if rows else wording.NONE
    known = wording.facts(rows)
    size = wording.size_text(known.compressed_bytes if compressed else known.size_bytes)
    value, drop = wording.value_text(metric, worst.value), wording.drop_text(metric, worst.drop)
    bad = any(wording.state(row) in ("out of limits", "failed") for row in rows)
    broken = ", out of limits" if bad else ""
    return f"{size}{' compressed' if compressed else ''}, {value} ({drop}){broken}"


def _sentence() -> Iterator[str]:
    yield (
        "Size, value at the largest drop among the places scored on all test examples, and in "
        "brackets that drop: how much worse than the Keras float model. Where each variant ran:"
    )


def _places_table(reports: Sequence[Report]) -> Iterator[str]:
    """One line a recipe: what became of its variants on each place."""
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
    """One line a machine and set of versions, and the commands that repeat it."""
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
    """Return the README's text before and after the place of the tables."""
    if not readme.is_file():
        raise NotFound(f"There is no '{readme}'; give the checkout with --repository.")
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise BadInput(f"'{readme}' must hold '{BEGIN}' and then '{END}', each once.")
    return before, after


def _json_text(results: Results) -> str:
    """Return the results as JSON with a row a line, so that a change shows as one."""
    entries = [f"  {json.dumps(name)}: {_entry_text(entry)}" for name, entry in results.items()]
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _entry_text(entry: Mapping[str, Any]) -> str:
    rows = ",\n".join(f"      {json.dumps(row, allow_nan=False)}" for row in entry["rows"])
    fields = {key: json.dumps(value) for key, value in entry.items()}
    fields["rows"] = f"[\n{rows}\n    ]"
    lines = ",\n".join(f"    {json.dumps(key)}: {text}" for key, text in fields.items())
    return f"{{\n{lines}\n  }}"


def _write(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
