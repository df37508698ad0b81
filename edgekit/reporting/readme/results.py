"""What full builds measured: kept in `recipes/results.json`, shown in tables of two pages.

`docs/results.md` shows all of it, the README a line per family. `edgekit results` alone writes
these tables, from the `report.json` of real builds: no figure in them is typed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.paths import atomic
from edgekit.core.records import Json
from edgekit.core.report import Report
from edgekit.reporting import report_json
from edgekit.reporting.readme import tables

BEGIN = "<!-- results:begin -->"
END = "<!-- results:end -->"
RESULTS = Path("recipes") / "results.json"
PAGES: Mapping[Path, Callable[[Sequence[Report]], str]] = {
    Path("docs") / "results.md": tables.full_tables,
    Path("README.md"): tables.short_table,
}
"""Page -> what stands between its marks."""

Entry = Mapping[str, Json]
"""What a full build measured: its report with other names, flat, as in `recipes/results.json`."""

Results = Mapping[str, Entry]
"""Recipe -> what its full build measured."""


def record(run_dirs: Sequence[Path], repository: Path) -> Path:
    """Merge full builds into `recipes/results.json` and write the tables of both pages anew.

    Args:
        run_dirs: Run folders of `edgekit build RECIPE --size full`; one per recipe. With none, the
            tables are written from what is recorded.
        repository: The checkout to write into.

    Returns:
        The path of `recipes/results.json`.

    Raises:
        BadInput: A build is not a full one, or two are of one recipe, or a page lacks the marks
            that its tables stand between.
        BadData: A report, or the results so far, cannot be read.
        NotFound: A run folder has no report, or the checkout lacks a page.
    """
    path = repository / RESULTS
    around = {page: _around(repository / page) for page in PAGES}
    results = {**read(path), **_new(run_dirs)}
    ordered = {name: results[name] for name in sorted(results)}
    texts = {
        page: f"{before}{BEGIN}\n{table(page, ordered)}\n{END}{after}"
        for page, (before, after) in around.items()
    }
    _write(path, _json_text(ordered))
    for page, text in texts.items():
        _write(repository / page, text)
    return path


def table(page: Path, results: Results) -> str:
    """Return what stands between the marks of a page of `PAGES`."""
    return PAGES[page]([_report(name, results[name]) for name in sorted(results)])


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


def _around(page: Path) -> tuple[str, str]:
    """Return a page's text before and after its tables."""
    if not page.is_file():
        raise NotFound(f"There is no '{page}'; give the checkout with --repository.")
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise BadInput(f"'{page}' must hold '{BEGIN}' and then '{END}', each once.")
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
