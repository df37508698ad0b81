"""`MODEL_CARD.md` of a bundle: what the models are for, made of what, and how good.

The headings are those of Mitchell et al., Model Cards for Model Reporting, 2019,
https://arxiv.org/abs/1810.03993, as far as a build can fill them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgekit.building.programs import is_ours
from edgekit.bundling.contents import Contents
from edgekit.core.errors import printable
from edgekit.core.report import Row
from edgekit.reporting import wording
from edgekit.reporting.templates import filled
from edgekit.reporting.verdict import verdict
from edgekit.verbs.run.bundles import program_called

FILE_NAME = "MODEL_CARD.md"
LICENCE = "LICENSE"
"""Of the programs and pages in a bundle, which are edgekit's; what the models are made of has its
own."""


def write_card(folder: Path, contents: Contents) -> None:
    """Write the model card of a bundle into its folder."""
    report, program = contents.report, contents.program
    metric = report.metric
    values = {
        "report": report,
        "text": wording.markdown_text,
        "takes": program_called(program.name).takes.help if program and is_ours(program) else "",
        "labels": contents.labels,
        "variants": list(_variants(contents)),
        "reference": wording.value_text(metric, report.reference),
        "baseline": wording.value_text(metric, report.baseline.value),
        "examples": wording.examples_text(report.rows),
        "verdict": verdict(report),
        "details": {name: f"{value:.4g}" for name, value in report.reference_details.items()},
    }
    text = filled("bundling", "MODEL_CARD.md.jinja", values, escape=False)
    (folder / FILE_NAME).write_text(printable(text), encoding="utf-8")


def _variants(contents: Contents) -> Iterator[str]:
    """Give a table with a line for each model in the bundle."""
    metric = contents.report.metric
    yield from wording.markdown_head(["model", "size", f"{metric.name}, at worst", "ran on"])
    for variant in contents.variants:
        size = wording.size_text(sum(file.size_bytes for file in variant.files.values()))
        worst = wording.worst(variant.rows)
        value = wording.value_text(metric, worst.value if worst else None)
        yield wording.markdown_row([variant.name, size, value, _where(variant.rows)])


def _where(rows: tuple[Row, ...]) -> str:
    """Name the places that a variant ran on, and those where it was out of its limits."""
    named = (
        wording.place_name((row.runtime, row.device)) + ("" if row.ok else " (out of limits)")
        for row in rows
    )
    return ", ".join(dict.fromkeys(named))
