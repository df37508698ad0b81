"""What a step runs: the code and versions that decide its result.

A finished step may be kept only while everything it ran is the same. So the checksum of a file
stands for it together with all modules that it imports, directly or not. They are taken once, when
a build begins: what is edited while it runs cannot pass for what ran.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgekit.core.paths import packaged, sha256


@dataclass(frozen=True, kw_only=True)
class Code:
    """The source files that a step runs.

    Attributes:
        entries: Files that the step starts from.
        sums: File -> SHA-256, of those and of all they import from their own packages.
    """

    entries: tuple[Path, ...]
    sums: dict[str, str]

    def changed(self) -> bool:
        """Whether any of it is another file now."""
        return code_of(*self.entries).sums != self.sums


def code_of(*entries: Path) -> Code:
    """Return the code that a step runs which starts from these files, as it is now."""
    sums: dict[str, str] = {}
    for path in sorted(imported(entries)):
        label, found = _label(path), sha256(path)
        # Loose files of one name in two folders share a label, and so both decide what it says.
        sums[label] = f"{sums[label]} {found}" if label in sums else found
    return Code(entries=entries, sums=sums)


def imported(entries: Iterable[Path]) -> set[Path]:
    """Return files with all modules they import, directly or not, from edgekit or beside them.

    Imports inside functions count, those for type checkers alone do not.
    """
    found: set[Path] = set()
    waiting = list(entries)
    while waiting:
        path = waiting.pop()
        if path not in found and path.is_file():
            found.add(path)
            waiting += _imports(path, path.stat().st_mtime_ns)
    return found


@lru_cache(maxsize=1000)
def _imports(path: Path, _mtime_ns: int) -> tuple[Path, ...]:
    """Return the files of the modules that a file imports from edgekit or from its own package."""
    package = _package_of(path)
    own = {"edgekit", package.partition(".")[0]} - {""}
    names = [
        name
        for name in _imported_names(_run_nodes(ast.parse(path.read_bytes())), package)
        if name.partition(".")[0] in own
    ]
    files = (_file_of(name) for name in names)
    return tuple(file for file in files if file is not None)


def _run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a syntax tree, leaving out what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_nodes(child)


def _imported_names(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Give the full name of everything that may be a module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                module = ".".join(filter(None, (*parents, module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _file_of(name: str) -> Path | None:
    """Return the file of a module; None for a name inside one, and for edgekit's own front."""
    if name == "edgekit":
        return None
    if name.startswith("edgekit."):
        path = packaged().joinpath(*name.split(".")[1:])
        files = (path.with_suffix(".py"), path / "__init__.py")
        return next((file for file in files if file.is_file()), None)
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec and spec.origin and Path(spec.origin).is_file() else None


def _package_of(path: Path) -> str:
    """Return the dotted name of the package a file lies in; "" for a loose file."""
    parts: list[str] = []
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def _label(path: Path) -> str:
    """Return the same name for a file wherever edgekit, or a user's own package, lies."""
    root = packaged()
    if path.is_relative_to(root):
        return str(path.relative_to(root.parent))
    package = _package_of(path).replace(".", "/") or path.parent.name
    return f"{package}/{path.name}"
