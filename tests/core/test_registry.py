"""Things are found by name, by path and by entry point, and only the one asked for is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput, NotFound
from tests.support.paths import ROOT

KINDS = [kind for kind in registry.KINDS if registry.names(kind)]
THINGS = [(kind, name) for kind in KINDS for name in registry.names(kind)]


@pytest.mark.parametrize(("kind", "name"), THINGS, ids=lambda value: value)
def test_every_file_holds_its_thing_and_one_line_about_it(kind: str, name: str) -> None:
    assert registry.get(kind, name) is not None
    summary = registry.summaries(kind)[name]
    assert 10 < len(summary) <= 100
    assert "\n" not in summary


def test_unknown_name_suggests_a_close_one_and_lists_what_there_is() -> None:
    with pytest.raises(
        NotFound, match=r"no recipe 'image_cn'.*image_cnn.*Did you mean 'image_cnn'"
    ):
        registry.get("recipes", "image_cn")


def test_a_path_works_wherever_a_name_does(tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text("from edgekit.devices.local import device\n")
    assert registry.get("devices", str(tmp_path / "my.py")) is registry.get("devices", "local")
    assert registry.name_of("devices", str(tmp_path / "my.py")) == "my"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\n", "no attribute 'recipe'"),
        ("1/0\n", "fails on import: ZeroDivisionError"),
        ("import nowhere\n", "'nowhere' is not installed here; pip install nowhere, or whatever"),
        ("import edgekit.nowhere\n", "fails on import: ModuleNotFoundError: No module named"),
        ("raise SystemExit\n", "fails on import: SystemExit"),
        ("recipe = 42\n", "holds a recipe that is of type int; it must be a Recipe"),
    ],
)
def test_a_bad_recipe_file_is_refused_in_one_sentence(
    tmp_path: Path, source: str, sentence: str
) -> None:
    (tmp_path / "bad.py").write_text(source)
    with pytest.raises(BadInput, match=sentence):
        registry.get("recipes", str(tmp_path / "bad.py"))


def test_a_url_of_a_thing_without_addresses_is_refused() -> None:
    with pytest.raises(BadInput, match="Device 'local' takes no address; you gave 'local://me'"):
        registry.get("devices", "local://me")


def test_missing_file_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"no file 'nowhere\.py'"):
        registry.get("recipes", "nowhere.py")


def test_two_things_with_one_name_name_both_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="image_cnn", value="other.package:recipe", group="edgekit.recipes")
    monkeypatch.setattr(registry, "_announced", lambda kind: {"image_cnn": point})
    with pytest.raises(BadInput, match=r"called 'image_cnn': one from edgekit, one from other"):
        registry.get("recipes", "image_cnn")


def test_an_entry_point_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="mine", value="json:dumps", group="edgekit.recipes")
    monkeypatch.setattr(registry, "_announced", lambda kind: {"mine": point})
    thing: object = registry.get("recipes", "mine")
    assert thing is json.dumps
    assert registry.summaries("recipes")["mine"].startswith("JSON (JavaScript")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("there_is_no_such_module:recipe", "the Python package 'there_is_no_such_module' is not"),
        ("json:recipe", "AttributeError: module 'json' has no attribute 'recipe'"),
        ("announced_and_broken:recipe", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_entry_point_is_named_in_a_sentence_and_still_listed(
    value: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "announced_and_broken.py").write_text("1/0\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint(name="mine", value=value, group="edgekit.recipes")
    monkeypatch.setattr(registry, "_announced", lambda kind: {"mine": point})
    with pytest.raises(BadInput, match=f"The recipe 'mine' of .* fails on import: {sentence}"):
        registry.get("recipes", "mine")
    assert registry.summaries("recipes")["mine"]


def test_an_entry_point_is_called_by_the_scheme_of_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="tcp", value="urllib.parse:urlsplit", group="edgekit.devices")
    monkeypatch.setattr(registry, "_announced", lambda kind: {"tcp": point})
    thing: object = registry.get("devices", "tcp://board:1234")
    assert thing == urlsplit("tcp://board:1234")
    assert registry.source_of("devices", "tcp://board:1234").name == "parse.py"


@pytest.mark.parametrize(
    ("source", "summary"),
    [
        ('# comment\n\n"""One line.\n\nMore."""\n', "One line"),
        ("r'''\nOn the second.\n'''\n", "On the second"),
        ("x = 1\n", ""),
        ("", ""),
        ('"""Never ends', ""),
        ("b'bytes'\n", ""),
        ('"""Good."""\n1 +\n)\n', "Good"),
    ],
)
def test_a_summary_is_read_from_the_head_of_a_file(
    source: str, summary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "thing.py"
    path.write_text(source)
    monkeypatch.setattr(registry, "_files", lambda kind: {"thing": path})
    assert registry.summaries("recipes")["thing"] == summary


HEAVY = ("tensorflow", "keras", "tf_keras", "matplotlib", "scipy", "jinja2")


@pytest.mark.parametrize("code", ["import edgekit", "from edgekit import cli"])
def test_importing_loads_nothing_heavy(code: str) -> None:
    program = f"import sys; {code}; print([m for m in {HEAVY} if m in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_listing_loads_nothing_heavy() -> None:
    program = (
        "import sys; from edgekit.core import registry; "
        "[registry.summaries(kind) for kind in registry.KINDS]; "
        f"print([m for m in {(*HEAVY, 'ai_edge_litert')} if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("folder", ["recipes", "converters"])
def test_the_linked_folders_load_under_one_name_only(folder: str) -> None:
    root = ROOT
    ran = subprocess.run(
        [sys.executable, "-c", f"import {folder}"], cwd=root, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert f"installed as edgekit.{folder}" in ran.stderr
