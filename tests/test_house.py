"""The rules of the house: where modules stand, how large they are, what they may say."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

SOURCES = sorted(
    path
    for folder in ("edgekit", "recipes", "converters")
    for path in (ROOT / folder).rglob("*.py")
    if not {"edgekit/recipes", "edgekit/converters"}
    & {str(parent.relative_to(ROOT)) for parent in path.parents if parent.is_relative_to(ROOT)}
)
"""Every module of the package, those behind the two links once."""

FRONT = {"__init__", "__main__"}
MOST_MODULES = 12
MANY = {"recipes", "edgekit/on_device/programs"}
"""Folders of things of which there will be any number."""
MOST_LINES = 300
MOST_ANY = 298
"""A third of the 894 there were."""

OWNERS = {
    "edgetpu": r"edgekit/edgetpu/.*|edgekit/(targets|runtimes)/edgetpu.py|converters/edgetpu.py",
    "ethos-u": r"edgekit/running/ethos_u/.*|edgekit/targets/ethos_u.py",
    "raspberry-pi": r"edgekit/(targets|devices)/raspberry_pi(_litert)?.py|edgekit/packagers/pi.py",
    "swiftshader": r"edgekit/runtimes/litert_gpu.py",
}
"""Name of a target, device or driver -> the files that may speak of it."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def values(path: Path) -> set[str]:
    """Return the texts of a module that are values, not docstrings."""
    nodes = list(ast.walk(tree_of(path)))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [n for n in nodes if isinstance(n, ast.Constant) and id(n) not in docstrings]
    return {node.value for node in constants if isinstance(node.value, str)}


def test_every_module_stands_in_a_folder() -> None:
    assert {path.stem for path in (ROOT / "edgekit").glob("*.py")} == FRONT


def test_no_folder_is_a_hallway() -> None:
    counts = Counter(name_of(path.parent) for path in SOURCES if path.stem != "__init__")
    crowded = {folder: n for folder, n in counts.items() if n > MOST_MODULES}
    assert set(crowded) <= MANY, crowded


def test_a_long_module_says_why() -> None:
    long = [path for path in SOURCES if len(text_of(path).splitlines()) > MOST_LINES]
    silent = [p for p in long if "one file because" not in (ast.get_docstring(tree_of(p)) or "")]
    assert [name_of(path) for path in silent] == []


def test_types_are_named() -> None:
    counts = Counter(
        {name_of(path): len(re.findall(r"\bAny\b", text_of(path))) for path in SOURCES}
    )
    assert counts.total() <= MOST_ANY, counts.most_common(10)


def test_variants_are_values_and_functions_are_functions() -> None:
    assert [name_of(path) for path in SOURCES if 'rpartition("-")' in text_of(path)] == []
    addresses = re.compile(r"edgekit\.[\w.]+:\w+")
    named = {name_of(path): set(filter(addresses.fullmatch, values(path))) for path in SOURCES}
    assert {name: texts for name, texts in named.items() if texts} == {}


def test_a_target_is_named_in_its_own_files_only() -> None:
    strangers = {
        (name_of(path), name)
        for path in SOURCES
        for name, owners in OWNERS.items()
        if not re.fullmatch(owners, name_of(path))
        if name in {value.lower() for value in values(path)}
    }
    assert strangers == set()


def test_one_place_knows_where_the_package_lies() -> None:
    names = {
        name_of(path)
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name) and node.id == "__file__"
    }
    assert names == {"edgekit/core/paths.py"}


def test_programs_are_started_in_one_place() -> None:
    started = re.compile(r"subprocess\.(Popen|run|call|check_\w+)\(|os\.(system|popen)\(")
    names = [name_of(path) for path in SOURCES if started.search(text_of(path))]
    assert names == ["edgekit/core/processes.py"]


def test_tests_mirror_the_folders() -> None:
    folders = {path.name for path in (ROOT / "edgekit").iterdir() if path.is_dir()}
    others = {"benchmarks", "golden", "support", "__pycache__"}
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} <= folders | others
