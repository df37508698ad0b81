"""The command line: help one can paste from, one sentence for every failure, JSON for machines."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgekit.core import registry
from tests.support.paths import GOLDEN, ROOT

VERBS = ("list", "setup", "doctor", "build", "optimize", "convert", "explain", "inspect",
         "compare", "slim", "check", "verify", "run", "bench", "rebuild", "report", "bundle",
         "results", "data", "data list", "data get")  # fmt: skip


def edgekit(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgekit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60)


@pytest.mark.parametrize("verb", VERBS)
def test_every_help_ends_in_a_line_to_paste(verb: str) -> None:
    ran = edgekit(*verb.split(), "--help")
    assert ran.returncode == 0
    last = ran.stdout.strip().splitlines()[-1].strip()
    assert last.startswith("Example:  edgekit " + verb)
    assert f"list {verb}" not in last


def test_the_verbs_above_are_all_there_are() -> None:
    text = edgekit("--help").stdout
    listed = [
        line.split()[0] for line in text.split("Commands:")[1].splitlines() if line[2:3] > " "
    ]
    assert [verb for verb in listed if verb != "Start"] == [v for v in VERBS if " " not in v]


def test_list_prints_every_name_and_summary() -> None:
    ran = edgekit("list", "--json")
    found = json.loads(ran.stdout)
    assert list(found) == list(registry.KINDS)
    for kind in found:
        assert [thing["name"] for thing in found[kind]] == list(registry.names(kind))
        assert all(thing["summary"] for thing in found[kind])
    assert "image_cnn" in edgekit("list", "recipes").stdout


def imported(*arguments: str) -> set[str]:
    """Return the modules that a Python process imports."""
    command = [sys.executable, "-X", "importtime", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


def of_edgekit(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "edgekit"}


SHOWING = {"file_tables", "proofs", "tables"}
"""What prints answers, and is imported when there is one."""

FRONT = {"edgekit", "edgekit.cli"} | {
    f"edgekit.cli.{path.stem}"
    for path in (ROOT / "edgekit/cli").glob("[a-z]*.py")
    if path.stem not in SHOWING
}
FRONT |= {f"edgekit.core{module}" for module in ("", ".errors", ".paths", ".registry")}
LAID_OUT = {"edgekit.cli.tables"} | {
    f"edgekit.reporting{module}"
    for module in ("", ".terminal", ".terminal.table", ".terminal.words")
}


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["build", "--help"]], ids=" ".join)
def test_listing_and_helping_import_only_what_the_command_line_needs(arguments: list[str]) -> None:
    modules = imported("-m", "edgekit", *arguments)
    assert of_edgekit(modules) == (FRONT | LAID_OUT if "list" in arguments else FRONT)
    assert not {"numpy", "jinja2", "tensorflow", "keras", "matplotlib"} & modules


def test_the_command_line_imports_nothing_that_typer_does_not() -> None:
    modules = imported("-c", "import edgekit.cli")
    assert of_edgekit(modules) == FRONT
    of_others = {name.partition(".")[0] for name in modules - imported("-c", "import typer")}
    assert of_others - sys.stdlib_module_names == {"edgekit"}


@pytest.mark.parametrize("arguments", [["lst"], ["verify", "nothing.tflite"]], ids=" ".join)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_input_gets_one_sentence_and_exit_code_2(
    tmp_path: Path, arguments: list[str], as_json: bool
) -> None:
    """What else is refused stands in tests/verbs/test_bad_inputs.py and test_bad_requests.py."""
    ran = edgekit(*arguments, *(["--json"] if as_json else []), cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    words = "Did you mean 'list'" if "lst" in arguments else "nothing.tflite"
    if as_json:
        error = json.loads(ran.stdout)["error"]
        assert words in error["message"]
        assert error["kind"]
    else:
        assert words in ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=["half", "empty", "text", "zero operators", "unknown custom"])
def bad_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "bad.tflite"
    content = {
        "half": lambda: _half(GOLDEN / "float32.tflite"),
        "empty": lambda: b"",
        "text": lambda: b"This is no model, but it is long enough to be read as one. " * 20,
        "zero operators": (GOLDEN / "no_operators.tflite").read_bytes,
        "unknown custom": (GOLDEN / "custom.tflite").read_bytes,
    }[request.param]
    path.write_bytes(content())
    return path


def _half(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) // 2]


@pytest.mark.parametrize("verb", ["inspect", "check", "verify", "bench"])
def test_a_broken_model_gets_one_sentence_within_five_seconds(bad_file: Path, verb: str) -> None:
    options = ["--target", "cpu"] if verb == "check" else []
    start = time.monotonic()
    ran = edgekit(verb, bad_file, *options)
    assert time.monotonic() - start < 5
    assert ran.returncode in (1, 2)
    assert "Traceback" not in ran.stderr + ran.stdout
    if verb != "check":  # which prints its table, and the sentence below it
        assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("verb", ["inspect", "check", "verify", "bench"])
def test_a_broken_model_gets_json_too(bad_file: Path, verb: str) -> None:
    options = ["--target", "cpu"] if verb == "check" else []
    found = json.loads(edgekit(verb, bad_file, *options, "--json").stdout)
    assert found.get("error", {}).get("message") or found["problems"] or not found["ok"]
