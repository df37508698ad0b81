"""What stands around the verbs: version, help, suggestions, tracebacks, completion, JSON."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.core.registry import KINDS
from edgekit.reporting.readme import results
from tests.support.refusals import edgekit
from tests.test_cli import VERBS


def test_it_tells_its_version() -> None:
    version = importlib.metadata.version("edgekit-tflite")
    assert edgekit("--version").stdout == f"edgekit {version}\n"


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_h_is_help(verb: str) -> None:
    assert edgekit(f"{verb} -h").stdout == edgekit(f"{verb} --help").stdout
    assert "-h, --help" in edgekit(f"{verb} -h").stdout


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "data"])
def test_every_verb_speaks_json(verb: str) -> None:
    assert "--json" in edgekit(f"{verb} -h").stdout


MISTYPED = {
    "verfy runs/image_cnn": "verify",
    "data lst": "list",
    "check x.tflite --targt cpu": "--target",
    "list recipe": "recipes",
    "setup gup": "gpu",
    "build image-cnn": "image_cnn",
    "build IMAGE_CNN": "image_cnn",
    "check tests/golden/int8.tflite --target edgtpu": "edgetpu",
    "bench tests/golden/int8.tflite --runtime litret": "litert",
    "data get spoken-digit": "spoken-digits",
}


@pytest.mark.parametrize("line", MISTYPED)
def test_what_is_nearly_right_is_suggested(line: str) -> None:
    ran = edgekit(line)
    assert ran.code == 2
    assert ran.stderr.endswith(f" Did you mean '{MISTYPED[line]}'?\n")


def test_what_is_far_off_gets_no_guess_and_the_help_of_its_verb() -> None:
    assert "Did you mean" not in edgekit("list xyz").stderr
    assert "recipes, targets" in edgekit("list xyz").stderr
    assert edgekit("check").stderr.endswith("; see `edgekit check --help`.\n")
    assert edgekit("--xyz").stderr.endswith("; see `edgekit --help`.\n")


@pytest.mark.parametrize("line", ["--debug inspect no.tflite", "inspect no.tflite --debug"])
def test_debug_shows_the_traceback_above_the_sentence(line: str) -> None:
    ran = edgekit(line)
    traceback, sentence = ran.stderr.rsplit("edgekit: ", 1)
    assert sentence == edgekit("inspect no.tflite").stderr.removeprefix("edgekit: ")
    assert traceback.startswith("Traceback")
    assert "in read" in traceback
    assert ran.code == 2


def test_debug_leaves_stdout_to_the_json() -> None:
    ran = edgekit("inspect no.tflite --json --debug")
    assert "no.tflite" in json.loads(ran.stdout)["error"]["message"]
    assert "Traceback" in ran.stderr


OFFERED = {
    "build image_c": ["image_cnn"],
    "list ": list(KINDS),
    "check x.tflite --target rasp": ["raspberry-pi", "raspberry-pi-litert"],
    "bench --runtime litert-w": ["litert-web", "litert-webgpu"],
    "build --variant qat-f": ["qat-float32", "qat-float16"],
    "build --size t": ["tiny"],
    "convert --precision dyn": ["dynamic_int8"],
    "bundle --for w": ["web"],
    "setup raspberry-pi-l": ["raspberry-pi-litert"],
    "data get fash": ["fashion-mnist"],
    "ver": ["verify"],
    "inspect tests/gol": [],  # the shell's own names of files
}


@pytest.mark.parametrize("typed", OFFERED)
def test_tab_offers_names(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_EDGEKIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"edgekit {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(f"{typed}|".split())))
    assert edgekit("").stdout.split() == OFFERED[typed]


def test_what_zsh_is_offered_has_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_EDGEKIT_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "edgekit build ")
    lines = edgekit("").stdout.splitlines()
    assert lines
    assert all(line.count('"') == 4 for line in lines)


def test_a_shell_takes_its_completion() -> None:
    script = subprocess.run(
        [sys.executable, "-m", "edgekit", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    ).stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "_EDGEKIT_COMPLETE=complete_bash" in script


def test_setup_tells_machines_what_it_did() -> None:
    done = json.loads(edgekit("setup litert local --json").stdout)["setup"]
    assert [(each["name"], each["state"]) for each in done] == [
        ("litert", "in place"),
        ("local", "in place"),
    ]


def test_results_tell_machines_what_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    monkeypatch.setattr(results, "record", lambda *arguments: given.append(arguments))
    told = json.loads(edgekit("results runs/a runs/b --repository checkout --json").stdout)
    assert told == {"recorded": ["runs/a", "runs/b"], "repository": "checkout"}
    assert given == [([Path("runs/a"), Path("runs/b")], Path("checkout"))]
