"""Find a recipe, converter, runtime ... by name, and import only the one asked for.

A thing is a file; the file's name is its name; it holds one attribute called after its kind.
Third parties announce the same objects by entry points (`edgekit.recipes`, ...). A path to a file
works wherever a name does, and a URL such as `ssh://pi@host` calls the kind's file of that scheme.
Runtimes, devices and targets are written with dashes, as users type them: `litert_gpu.py` is
`litert-gpu`.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from edgekit.core.errors import BadInput, NotFound
from edgekit.core.paths import packaged

KINDS: Mapping[str, str] = {
    "recipes": "recipe",
    "targets": "target",
    "runtimes": "runtime",
    "devices": "device",
    "converters": "converter",
    "optimizations": "optimization",
    "packagers": "packager",
    "reports": "report",
}
"""Folder (and entry-point group `edgekit.<folder>`) -> attribute that holds the thing."""


def names(kind: str) -> tuple[str, ...]:
    """Return the sorted names of a kind, such as `"recipes"`; imports nothing."""
    return tuple(sorted({*_files(kind), *_announced(kind)}))


def summaries(kind: str) -> dict[str, str]:
    """Return name -> first line of the thing's module docstring; imports none of the things."""
    found = {name: _first_line(path) for name, path in _files(kind).items()}
    for name, point in _announced(kind).items():
        spec = importlib.util.find_spec(point.module)
        origin = spec.origin if spec else None
        found[name] = _first_line(Path(origin)) if origin else point.value
    return dict(sorted(found.items()))


def get(kind: str, name: str) -> Any:
    """Return the thing of a kind called `name`, importing only its file.

    Args:
        kind: A key of `KINDS`.
        name: A name, a path to a `.py` file, or a URL whose scheme is the name of a file.

    Raises:
        NotFound: Nothing goes by that name; close names are suggested.
        BadInput: Two things go by that name, or the file lacks the attribute.
    """
    scheme, is_url, _ = name.partition("://")
    if is_url:
        return _attribute(kind, _import(kind, scheme), scheme)(name)
    if name.endswith(".py"):
        return _attribute(kind, _import_file(kind, Path(name)), name)
    announced = _announced(kind)
    if name in announced and name in _files(kind):
        raise BadInput(_two_owners(kind, name, "edgekit", _owner(announced[name])))
    if name in announced:
        return announced[name].load()
    return _attribute(kind, _import(kind, name), name)


def source_of(kind: str, name: str) -> Path:
    """Return the file that holds the thing of a kind called `name`, without importing it.

    Raises:
        NotFound: Nothing goes by that name.
    """
    scheme, is_url, _ = name.partition("://")
    if is_url:
        name = scheme
    if name.endswith(".py"):
        return Path(name).absolute()
    if name in _announced(kind):
        spec = importlib.util.find_spec(_announced(kind)[name].module)
        return Path(spec.origin if spec and spec.origin else name)
    return _file(kind, name)


def name_of(kind: str, name: str) -> str:
    """Return the short name for a name or path: `my/recipe_x.py` is `recipe_x`."""
    return Path(name).stem if name.endswith(".py") else name


def _import(kind: str, name: str) -> Any:
    return importlib.import_module(f"edgekit.{kind}.{_file(kind, name).stem}")


def _file(kind: str, name: str) -> Path:
    if name not in _files(kind):
        known = names(kind)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        article = KINDS[kind]
        raise NotFound(
            f"There is no {article} '{name}'; there are: {', '.join(known) or 'none'}.{hint}"
        )
    return _files(kind)[name]


def _import_file(kind: str, path: Path) -> Any:
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'; give a {KINDS[kind]} by name or by path.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"'{path}' is not a Python file; a {KINDS[kind]} is one.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadInput(f"'{path}' fails on import: {type(error).__name__}: {error}.") from error
    return module


def _attribute(kind: str, module: Any, name: str) -> Any:
    attribute = KINDS[kind]
    if not hasattr(module, attribute):
        raise BadInput(f"'{name}' holds no attribute '{attribute}'; a file in {kind}/ must.")
    return getattr(module, attribute)


@cache
def _files(kind: str) -> dict[str, Path]:
    folder = packaged(kind)
    found = [path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")]
    dashed = kind in ("runtimes", "devices", "targets")
    return {path.stem.replace("_", "-") if dashed else path.stem: path for path in found}


@cache
def _announced(kind: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"edgekit.{kind}"):
        if point.name in found:
            raise BadInput(_two_owners(kind, point.name, _owner(found[point.name]), _owner(point)))
        found[point.name] = point
    return found


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module


def _two_owners(kind: str, name: str, one: str, other: str) -> str:
    return (
        f"Two {kind} are called '{name}': one from {one}, one from {other}; "
        "uninstall or rename one of them."
    )


def _first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.split(r"\n", text, maxsplit=1)[0].rstrip(".")
