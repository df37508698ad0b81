"""Find a recipe, converter, runtime ... by name, and import only the one asked for.

A thing is a file; the file's name is its name; it holds one attribute called after its kind.
Third parties announce the same objects by entry points (`edgekit.recipes`, ...). A path to a file
works wherever a name does, and a URL such as `ssh://pi@host` calls the kind's file of that scheme.
Runtimes, devices and targets are written with dashes, as users type them: `litert_gpu.py` is
`litert-gpu`.
"""

from __future__ import annotations

import ast
import importlib
import tokenize
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from edgekit.core.errors import BadInput, NotFound, did_you_mean, how_to_import
from edgekit.core.paths import packaged

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from types import ModuleType

    from edgekit.core.kinds import (
        Converter,
        Device,
        Optimization,
        Packager,
        Reporter,
        Runtime,
    )
    from edgekit.core.recipe import Recipe

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

_CLASSES: Mapping[str, str] = {
    **{kind: attribute.capitalize() for kind, attribute in KINDS.items()},
    "reports": "Reporter",
}
"""Folder -> what its things are, by name: the class of targets stands above this module."""

_DASHED = ("runtimes", "devices", "targets")
"""Kinds whose names are written with dashes, not with the underscores of their files."""


def names(kind: str) -> tuple[str, ...]:
    """Return the sorted names of a kind, such as `"recipes"`; imports nothing."""
    return tuple(sorted({*_files(kind), *_announced(kind)}))


def summaries(kind: str) -> dict[str, str]:
    """Return name -> first line of the thing's module docstring, without importing the module.

    An announced thing whose source cannot be found is described by where it is said to be.
    """
    lines = {name: _first_line(path) for name, path in _files(kind).items()}
    for name, point in _announced(kind).items():
        path = _announced_file(point)
        lines[name] = (_first_line(path) if path else "") or point.value
    return dict(sorted(lines.items()))


@overload
def get(kind: Literal["recipes"], name: str) -> Recipe: ...
@overload
def get(kind: Literal["runtimes"], name: str) -> Runtime: ...
@overload
def get(kind: Literal["devices"], name: str) -> Device: ...
@overload
def get(kind: Literal["converters"], name: str) -> Converter: ...
@overload
def get(kind: Literal["optimizations"], name: str) -> Optimization: ...
@overload
def get(kind: Literal["packagers"], name: str) -> Packager: ...
@overload
def get(kind: Literal["reports"], name: str) -> Reporter: ...
@overload
def get(kind: str, name: str) -> Any: ...
def get(kind: str, name: str) -> object:
    """Return the thing of a kind called `name`, importing only its file.

    Args:
        kind: A key of `KINDS`.
        name: A name, a path to a `.py` file, or a URL whose scheme is the name of a file.

    Raises:
        NotFound: Nothing goes by that name; close names are suggested.
        BadInput: Two things go by that name, the file fails on import or lacks the attribute, or
            the thing of a URL takes no address.
    """
    scheme, is_url, _ = name.partition("://")
    if is_url:
        thing = _get_by_name(kind, scheme)
        if not callable(thing):
            raise BadInput(
                f"{KINDS[kind].capitalize()} '{scheme}' takes no address; you gave '{name}'. "
                f"Give '{scheme}' alone."
            )
        return thing(name)
    if name.endswith(".py"):
        return _attribute(kind, _import_file(kind, Path(name)), name)
    return _get_by_name(kind, name)


def source_of(kind: str, name: str) -> Path:
    """Return the file that holds the thing of a kind called `name`, without importing it.

    Raises:
        NotFound: Nothing goes by that name.
    """
    if name.endswith(".py"):
        return Path(name).absolute()
    name = name.partition("://")[0]
    if name in _announced(kind):
        return _announced_file(_announced(kind)[name]) or Path(name)
    return _file(kind, name)


def summary(kind: str, name: str) -> str:
    """Return the first line of a thing's module docstring, without importing the module."""
    return _first_line(source_of(kind, name))


def name_of(kind: str, name: str) -> str:
    """Return the short name for a name or path: `my/recipe_x.py` is `recipe_x`."""
    return Path(name).stem if name.endswith(".py") else name


def _get_by_name(kind: str, name: str) -> object:
    point = _announced(kind).get(name)
    if point is None:
        module = importlib.import_module(f"edgekit.{kind}.{_file(kind, name).stem}")
        return _attribute(kind, module, name)
    if name in _files(kind):
        raise BadInput(_two_owners(kind, name, "edgekit", _owner(point)))
    try:
        thing: object = point.load()
    except (Exception, SystemExit) as error:
        whose = f"The {KINDS[kind]} '{name}' of {_owner(point)}"
        raise BadInput(f"{whose} fails on import: {_why(error)}") from error
    return thing


def _why(error: BaseException) -> str:
    """Say why a file could not be imported, and how to get a package that it lacks."""
    lacking = how_to_import(error) if isinstance(error, ModuleNotFoundError) else ""
    return lacking or f"{type(error).__name__}: {error}."


def _file(kind: str, name: str) -> Path:
    if name not in _files(kind):
        known = names(kind)
        raise NotFound(
            f"There is no {KINDS[kind]} '{name}'; there are: {', '.join(known) or 'none'}."
            + did_you_mean(name, known)
        )
    return _files(kind)[name]


def _import_file(kind: str, path: Path) -> ModuleType:
    import importlib.util

    if not path.is_file():
        raise NotFound(f"There is no file '{path}'; give a {KINDS[kind]} by name or by path.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"'{path}' is not a Python file; a {KINDS[kind]} is one.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise BadInput(f"'{path}' fails on import: {_why(error)}") from error
    return module


def _attribute(kind: str, module: ModuleType, name: str) -> object:
    attribute = KINDS[kind]
    if not hasattr(module, attribute):
        raise BadInput(f"'{name}' holds no attribute '{attribute}'; a file in {kind}/ must.")
    thing: object = getattr(module, attribute)
    takes_address = kind == "devices" and callable(thing)
    if _CLASSES[kind] not in (each.__name__ for each in type(thing).__mro__) and not takes_address:
        raise BadInput(
            f"'{name}' holds a {attribute} that is of type {type(thing).__name__}; it must be a "
            f"{_CLASSES[kind]}."
        )
    return thing


@cache
def _files(kind: str) -> dict[str, Path]:
    paths = [path for path in packaged(kind).glob("*.py") if not path.stem.startswith("_")]
    dashed = kind in _DASHED
    return {path.stem.replace("_", "-") if dashed else path.stem: path for path in sorted(paths)}


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    """Return what installed packages announce of all kinds: their metadata are read once."""
    from importlib.metadata import entry_points

    points = entry_points()
    return tuple(point for kind in KINDS for point in points.select(group=f"edgekit.{kind}"))


@cache
def _announced(kind: str) -> dict[str, EntryPoint]:
    """Return name -> entry point of a kind, of all installed packages."""
    points: dict[str, EntryPoint] = {}
    for point in _entry_points():
        if point.group != f"edgekit.{kind}":
            continue
        if other := points.get(point.name):
            raise BadInput(_two_owners(kind, point.name, _owner(other), _owner(point)))
        points[point.name] = point
    return points


def _announced_file(point: EntryPoint) -> Path | None:
    """Return the source file of an entry point's module; None if there is none.

    Looking for a module inside a package imports the package, which may fail in any way.
    """
    import importlib.util

    try:
        spec = importlib.util.find_spec(point.module)
    except Exception:
        return None
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module


def _two_owners(kind: str, name: str, one: str, other: str) -> str:
    return (
        f"Two {kind} are called '{name}': one from {one}, one from {other}; "
        "uninstall or rename one of them."
    )


def _first_line(path: Path) -> str:
    """Return the first line of a module's docstring; reads no further than that."""
    before = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE)
    try:
        with tokenize.open(path) as stream:
            tokens = tokenize.generate_tokens(stream.readline)
            first = next(token for token in tokens if token.type not in before)
        text = ast.literal_eval(first.string) if first.type == tokenize.STRING else ""
        lines = text.strip().splitlines() if isinstance(text, str) else []
    except (SyntaxError, ValueError, OSError, tokenize.TokenError):  # not Python source
        return ""
    return lines[0].rstrip(".") if lines else ""
