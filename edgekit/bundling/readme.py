"""`README.md` of a bundle: what is in it, what was verified where, how to use and check it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from edgekit.building.run_folder import SUMS
from edgekit.bundling.bundle_json import BundleFacts
from edgekit.bundling.contents import Contents
from edgekit.core.errors import printable
from edgekit.core.report import Row
from edgekit.reporting import wording
from edgekit.reporting.templates import filled

FILE_NAME = "README.md"


def write_readme(folder: Path, contents: Contents, facts: BundleFacts, use: str = "") -> None:
    """Write the bundle's `README.md`; it describes no file that the folder does not hold.

    Args:
        folder: The bundle.
        contents: What it is made of.
        facts: What its `bundle.json` holds.
        use: How it is used, as Markdown; how its program is called if "".
    """
    text = filled(
        "bundling",
        "README.md.jinja",
        {
            "report": contents.report,
            "facts": facts,
            "files": {variant.name: _files(facts, variant.name) for variant in contents.variants},
            "verified": "\n".join(_verified(contents)),
            "call": _call(facts),
            "text": wording.markdown_text,
            "reference": wording.value_text(contents.report.metric, contents.report.reference),
            "examples": wording.examples_text(contents.report.rows),
            "sums": SUMS,
            "use": use.strip(),
            "requirements": (folder / "requirements.txt").is_file(),
        },
        escape=False,
    )
    (folder / FILE_NAME).write_text(printable(text), encoding="utf-8")


def _files(facts: BundleFacts, variant: str) -> str:
    return ", ".join(f"`{model.file}`" for model in facts.models if model.variant == variant)


def _verified(contents: Contents) -> Iterator[str]:
    """Give a table with a line for each variant on each place it ran on."""
    metric = contents.report.metric
    yield from wording.markdown_head(
        ["variant", "precision", "size", "ran on", metric.name, metric.worsening, "verdict"]
    )
    for variant in contents.variants:
        size = wording.size_text(sum(file.size_bytes for file in variant.files.values()))
        for row in variant.rows:
            yield wording.markdown_row(
                [
                    variant.name,
                    row.precision,
                    size,
                    wording.place_name((row.runtime, row.device)),
                    wording.value_text(metric, row.value),
                    wording.drop_text(metric, row.drop),
                    _verdict(row),
                ]
            )


def _verdict(row: Row) -> str:
    return "verified" if row.ok else wording.state(row)


def _call(facts: BundleFacts) -> str:
    """Return the program's example call; "" if the bundle brings no program."""
    if facts.program is None:
        return ""
    return shlex.join(["python3", facts.program.file, *facts.program.arguments])
