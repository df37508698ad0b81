"""One page that opens from disk: LiteRT.js, a verified model, and what is done before and after it.

It needs a browser and nothing else: no server, no network. It replays the golden vectors when it is
opened, and says whether the model answers there as it should.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.bundling.bundle_json import copy_models, write_facts
from edgekit.bundling.contents import (
    Contents,
    VerifiedVariant,
    contents_of,
    right_somewhere,
)
from edgekit.bundling.folder import new_bundle
from edgekit.bundling.golden import write_golden
from edgekit.bundling.web.page import PAGE, write_page
from edgekit.core.errors import BadInput, Unavailable
from edgekit.core.kinds import Packager
from edgekit.running.browser import litert_js
from edgekit.verbs.check import check

TARGET, RUNTIME = "web", "litert-web"
"""A variant that was found right there is taken before any other."""


def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    """Make the page of a build, of the smallest variant that is right in a browser.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`.
        out: The folder to make; an earlier bundle there is replaced, anything else is left alone.
        variants: Those to choose from; all that are verified if empty.

    Returns:
        `out`.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant is verified that LiteRT.js runs, or `out` holds something else than a
            bundle.
        BadData: A file is not the one that was measured.
        Unavailable: LiteRT.js is not there.
    """
    if missing := litert_js.missing():
        raise Unavailable(missing)
    contents = contents_of(run_dir, variants)
    contents = replace(contents, variants=(_chosen(contents),))
    with new_bundle(out, contents) as folder, tempfile.TemporaryDirectory() as scratch:
        inside = Path(scratch)
        contents.copy_program(inside)
        models = copy_models(inside, contents.variants)
        golden = write_golden(inside, contents.vectors)
        facts = write_facts(inside, contents, models, golden)
        write_page(folder / PAGE, inside, facts, contents.report)
    return out


def _chosen(contents: Contents) -> VerifiedVariant:
    """Return the smallest variant, of those that were found right in a browser if there are any."""
    refusals = {variant.name: _refusal(variant) for variant in contents.variants}
    possible = [variant for variant in contents.variants if not refusals[variant.name]]
    if not possible:
        reasons = "; ".join(f"{name}: {refusal}" for name, refusal in refusals.items())
        raise BadInput(
            f"LiteRT.js runs no verified variant in '{contents.run_dir}', and so a web page "
            f"cannot. {reasons}"
        )
    proved = [variant for variant in possible if _is_right_on(variant, RUNTIME)]
    return min(proved or possible, key=lambda each: sum(f.size_bytes for f in each.files.values()))


def _is_right_on(variant: VerifiedVariant, runtime: str) -> bool:
    return any(row.ok for row in variant.rows if row.runtime == runtime)


def _refusal(variant: VerifiedVariant) -> str:
    """Return why a browser cannot run a variant, as measured or as the tables say; "" if it can."""
    for row in variant.rows:
        if row.runtime == RUNTIME and row.ok is False:
            return row.reason
    for artifact in variant.files.values():
        found = check(artifact.path, TARGET)
        reasons = [operator.reason for operator in found.operators if operator.verdict == "no"]
        if not found.ok:
            return next(iter([*found.problems, *reasons]), "refused")
    return ""


packager = Packager(takes=lambda report: right_somewhere(report.rows), package=package)
