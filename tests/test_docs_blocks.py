"""The commands and the code of the README and of the guides: what can be run is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer.main

from edgekit.cli import app
from edgekit.domains.fashion.garments import garments
from tests.support.blocks import PAGES, Block, blocks, edgekit_calls
from tests.support.paths import ROOT

ALL = [block for page in PAGES for block in blocks(page)]
RUNNING = [page for page in PAGES if any(block.mark == "run" for block in blocks(page))]
BUILD = "edgekit build image_cnn --variant float32 --variant int8"


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_block_says_whether_it_is_run(block: Block) -> None:
    assert block.mark in ("run", "file", "not run"), "see tests/support/blocks.py"
    assert bool(block.detail) == (block.mark != "run"), "a file needs a name, the rest a reason"


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "bash"], ids=str)
def test_verbs_and_options_of_a_block_exist(block: Block) -> None:
    group = typer.main.get_command(app)
    for verb, *arguments in edgekit_calls(block):
        command = group.commands[verb]  # type: ignore[attr-defined]  # a group of commands
        known = {name for param in command.params for name in param.opts}
        given = {word.partition("=")[0] for word in arguments if word.startswith("--")}
        assert given <= known | {"--help"}, f"edgekit {verb}"


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "python"], ids=str)
def test_the_python_of_a_block_is_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_the_readme_begins_with_two_screens_before_any_table() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    assert 40 < first <= 110
    assert [line for line in lines[:first] if len(line) > 160] == []


def test_the_build_that_the_blocks_share_is_that_of_the_readme() -> None:
    assert any(BUILD in block.text for block in blocks("README.md") if block.mark == "run")


@pytest.fixture(scope="module")
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """Return a reader's folder, with a model and data of theirs and a build, and the environment.

    The build is that of the README's first lines; `--runs` may hold it already.
    """
    folder = tmp_path_factory.mktemp("desk")
    kept: Path | None = request.config.getoption("--runs")
    if kept and (kept / "image_cnn").is_dir():
        shutil.copytree(kept / "image_cnn", folder / "runs" / "image_cnn")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    _run(["bash", "-c", BUILD], folder, environment)
    shutil.copyfile(folder / "runs/image_cnn/model.keras", folder / "my.keras")
    images, labels = garments("train", "tiny")
    np.save(folder / "images.npy", images[:300])
    np.savez(folder / "samples.npz", image=images[:200])
    np.savez(folder / "test.npz", image=images[300:400], labels=labels[300:400])
    return folder, environment


@pytest.mark.slow
@pytest.mark.device
@pytest.mark.parametrize("page", RUNNING)
def test_the_blocks_of_a_page_run(page: str, desk: tuple[Path, dict[str, str]]) -> None:
    folder, environment = desk
    for block in blocks(page):
        if block.mark == "file":
            (folder / block.detail).write_text(block.text, encoding="utf-8")
        if block.mark == "run":
            bash = ["bash", "-euo", "pipefail", "-c"]
            argv = bash if block.language == "bash" else [sys.executable, "-c"]
            _run([*argv, block.text], folder, environment, str(block))


def _run(argv: list[str], folder: Path, environment: dict[str, str], where: str = "") -> None:
    ran = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, f"{where} ended with {ran.returncode}\n{ran.stdout}{ran.stderr}"
