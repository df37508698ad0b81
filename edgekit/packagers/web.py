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
    new_bundle,
    right_somewhere,
)
from edgekit.bundling.golden import write_golden
from edgekit.bundling.web.page import PAGE, write_page
from edgekit.core.errors import BadInput, Unavailable
from edgekit.core.kinds import Packager
from edgekit.running.browser import litert_js
from edgekit.tflite.reader import ports, read

RUNTIME = "litert-web"
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
        BadInput: No variant is verified that LiteRT.js can be given, or `out` holds something else
            than a bundle.
        BadData: A file is not the one that was measured.
        Unavailable: LiteRT.js is not there.
    """
    if missing := litert_js.missing():
        raise Unavailable(missing)
    contents = contents_of(run_dir, variants)
    contents = replace(contents, variants=(_chosen(contents),))
    with new_bundle(out) as folder, tempfile.TemporaryDirectory() as scratch:
        inside = Path(scratch)
        contents.copy_program(inside)
        models = copy_models(inside, contents.variants)
        golden = write_golden(inside, contents.vectors)
        facts = write_facts(inside, contents, models, golden)
        write_page(folder / PAGE, inside, facts, contents.report)
    return out


def _chosen(contents: Contents) -> VerifiedVariant:
    """Return the smallest variant, of those that were found right in a browser if there are any."""
    possible = [each for each in contents.variants if not _unreachable(each)]
    if not possible:
        lacking = ", ".join(f"{v.name} ({_unreachable(v)})" for v in contents.variants)
        raise BadInput(
            f"No verified variant in '{contents.run_dir}' can be given to LiteRT.js, whose tensors "
            f"hold {', '.join(litert_js.TENSORS)}: {lacking}. Build another variant, such as int8."
        )
    proved = [each for each in possible if _is_right_on(each, RUNTIME)]
    return min(proved or possible, key=lambda each: sum(f.size_bytes for f in each.files.values()))


def _is_right_on(variant: VerifiedVariant, runtime: str) -> bool:
    return any(row.ok for row in variant.rows if row.runtime == runtime)


def _unreachable(variant: VerifiedVariant) -> str:
    """Return a type of an input or output that LiteRT.js does not pass on; "" if there is none."""
    files = (read(artifact.path) for artifact in variant.files.values())
    types = (port.dtype for file in files for side in ports(file) for port in side)
    return next((dtype for dtype in types if dtype not in litert_js.TENSORS), "")


packager = Packager(takes=lambda report: right_somewhere(report.rows), package=package)
