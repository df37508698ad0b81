"""Put JavaScript modules together into the one script of a page that opens from disk.

A browser imports no module from disk, so the modules become one: each after those that it imports,
without the words `import` and `export`. No name may be declared in two of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edgekit.core.errors import BadData
from edgekit.core.paths import packaged
from edgekit.running.browser import litert_js

ENTRY = "page.mjs"
"""The module that imports all others."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const)", re.MULTILINE)
_LIBRARY_IMPORT = re.compile(r'^import \{[^}]*\} from "@litertjs/wasm-utils";\n', re.MULTILINE)
_LIBRARY_EXPORT = re.compile(r"^export \{\n(?P<names>[^}]*)\};\n?", re.MULTILINE)
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def modules() -> list[Path]:
    """Return the page's modules, each after those that it imports."""
    ordered: list[Path] = []

    def add(path: Path) -> None:
        for name in _IMPORT.findall(path.read_text(encoding="utf-8")):
            add(path.with_name(name))
        if path not in ordered:
            ordered.append(path)

    add(packaged("bundling", "web", "js", ENTRY))
    return ordered


def script(litert_js: Path) -> str:
    """Return the script of the page.

    Args:
        litert_js: The folder of LiteRT.js.

    Raises:
        BadData: LiteRT.js is written otherwise than it was when this was made.
    """
    own = "\n".join(_plain(path) for path in modules())
    text = f"const liteRtJs = {_library(litert_js)};\n\n{own}\nopenPage(liteRtJs);"
    if "</script" in text.lower():
        raise BadData("A script holds the end of a script, which would end it in a page too early.")
    return text


def _plain(path: Path) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", path.read_text(encoding="utf-8")))


def _library(folder: Path) -> str:
    """Return LiteRT.js as a value: an object with what it exports."""
    return "(() => {\n" + "\n".join(_library_parts(folder)) + "\n})()"


def _library_parts(folder: Path) -> Iterator[str]:
    for name in ("wasm-utils", "core"):
        path = folder / name / "index.js"
        text = litert_js.core(folder) if name == "core" else path.read_text(encoding="utf-8")
        text = _SOURCE_MAP.sub("", _LIBRARY_IMPORT.sub("", text))
        exported = _LIBRARY_EXPORT.search(text)
        if exported is None or re.search(r"^import ", text, re.MULTILINE):
            raise BadData(f"'{folder}' is not the LiteRT.js that is known; run: edgekit setup web")
        ending = f"return {{\n{exported['names']}}};" if name == "core" else ""
        yield _LIBRARY_EXPORT.sub("", text) + ending
