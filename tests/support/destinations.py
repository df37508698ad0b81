"""Where bundles go, and how each proves there that its model is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from jsonschema import Draft202012Validator

from edgekit.tflite.reader import read
from tests.support.board_bundle import run_on_board
from tests.support.c_examples import compiled, self_tested
from tests.support.pages import opened, wait_for


def on_a_raspberry_pi(bundle: Path, scratch: Path) -> None:
    """Replay the golden vectors on the emulated board, and answer the program's example there."""
    ran = run_on_board(bundle, "--self-test", folder=scratch)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "all within limits" in ran.stdout
    assert "aarch64, CPU" in ran.stderr
    arguments = json.loads((bundle / "bundle.json").read_text())["program"]["arguments"]
    ran = run_on_board(bundle, *arguments, folder=scratch)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


def on_a_board_with_coral(bundle: Path, scratch: Path) -> None:
    """Replay the golden vectors on the emulated board, which has no Edge TPU and says so."""
    ran = run_on_board(bundle, "--self-test", folder=scratch)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "THE EDGE TPU IS NOT USED" in ran.stderr
    assert "all within limits" in ran.stdout


def in_a_browser(bundle: Path, scratch: Path) -> None:
    """Open the page from disk: its self-test is green, and it answers a test example."""
    with opened(bundle / "index.html", scratch / "browser.log") as browser:
        assert browser.run("document.documentElement.dataset.selfTest") == "good"
        if not browser.run("document.getElementById('note').innerText"):  # why there is no answer
            browser.run("document.querySelector('#examples button').click()")
            wait_for(browser, "document.querySelector('#answers').innerText")
        assert browser.run("document.getElementById('problem').hidden") is True


def on_android(bundle: Path, scratch: Path) -> None:
    """Read what the app reads; the models run in it when the app is built."""
    facts = json.loads((bundle / "bundle.json").read_text())
    schema = json.loads((bundle / "bundle.schema.json").read_text())
    Draft202012Validator(schema).validate(facts)
    for tensor in facts["golden"]["tensors"]:
        assert (bundle / tensor["file"]).stat().st_size > 0


def in_c(bundle: Path, scratch: Path) -> None:
    """Compile, and run the example in its arena, or find in the README why there is none."""
    arrays = sorted(str(path) for path in bundle.glob("*.c"))
    assert arrays
    compiled(scratch, "gcc", "-std=c99", "-Wall", "-Werror", "-c", *arrays)
    if (bundle / "example.cc").exists():
        assert self_tested(bundle) == 0
    else:
        assert "does not run it" in (bundle / "README.md").read_text()


def keeps_state(run_dir: Path) -> bool:
    """Whether a file of a build keeps a value between invocations, which LiteRT.js refuses."""
    graphs = [graph for path in run_dir.glob("int8/*.tflite") for graph in read(path).subgraphs]
    assert graphs
    return any(tensor.is_variable for graph in graphs for tensor in graph.tensors)


DESTINATIONS: Mapping[str, Callable[[Path, Path], None]] = {
    "pi": on_a_raspberry_pi,
    "coral": on_a_board_with_coral,
    "web": in_a_browser,
    "android": on_android,
    "c": in_c,
}
"""Packager -> what proves its bundle, given its folder and an empty one."""
