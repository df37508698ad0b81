"""Write the page of a web bundle: one HTML file with LiteRT.js, a model and all about it inside."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path

from edgekit.bundling.bundle_json import BundleFacts
from edgekit.bundling.web.script import script
from edgekit.core.paths import packaged
from edgekit.core.report import Report
from edgekit.on_device.interpreter import BUNDLE
from edgekit.reporting import wording
from edgekit.reporting.templates import filled
from edgekit.running.browser import litert_js

PAGE = "index.html"

_BUILDS = {
    "relaxed": "litert_wasm_internal",
    "compatible": "litert_wasm_compat_internal",
}
"""What the page calls a build of LiteRT.js -> what it is called there."""


def write_page(path: Path, folder: Path, facts: BundleFacts, report: Report) -> None:
    """Write the page.

    Args:
        path: The file.
        folder: A bundle that holds one variant, its golden vectors, and what its program reads.
        facts: What its `bundle.json` holds.
        report: Of the build.

    Raises:
        BadData: LiteRT.js is not the one that is known.
    """
    from markupsafe import Markup

    first = facts.models[0]
    count = len(facts.models)
    size = sum(model.size_bytes for model in facts.models)
    values = {
        "facts": facts,
        "variant": first.variant,
        "size": wording.size_text(size),
        "parts": "one file" if count == 1 else f"{count} files",
        "reason": facts.limits[first.precision].reason,
        "date": report.date,
        "data": report.data,
        "litert": litert_js.VERSION,
        "added": " and ".join(litert_js.ADDED),
        "assets": {name: _packed(content) for name, content in _assets(folder, facts)},
        "style": Markup(packaged("bundling", "web", "page.css").read_text(encoding="utf-8")),
        "script": Markup(script(litert_js.folder())),
    }
    path.write_text(filled("bundling/web", "page.html.jinja", values, escape=True), "utf-8")


def _assets(folder: Path, facts: BundleFacts) -> Iterator[tuple[str, Path]]:
    """Give name and file of all that the page's scripts read."""
    yield BUNDLE, folder / BUNDLE
    for model in facts.models:
        yield model.file, folder / model.file
    for golden in (facts.golden, *facts.golden.parts.values()):
        for tensor in golden.tensors:
            yield tensor.file, folder / tensor.file
    if subwords := getattr(facts.before, "subwords", ""):
        yield subwords, folder / subwords
    for name, build in _BUILDS.items():
        for ending in ("js", "wasm"):
            yield f"litert-{name}.{ending}", litert_js.folder() / "wasm" / f"{build}.{ending}"


def _packed(file: Path) -> str:
    """Return a file in gzip and base64; the same bytes give the same text."""
    return base64.b64encode(gzip.compress(file.read_bytes(), 6, mtime=0)).decode()
