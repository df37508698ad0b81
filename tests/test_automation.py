"""The GitHub Action and the Dockerfile: neither GitHub nor Docker is here, so their parts are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.paths import GOLDEN, ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", joined, flags=re.MULTILINE)


def verified(repository: Path, models: str) -> tuple[int, str]:
    """Run the step that verifies, as GitHub would; return its exit code and its summary."""
    step, summary = STEPS["Verify the models"], repository / "summary.md"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(summary),
        "MODELS": models,
        "RUNTIME": ACTION["inputs"]["runtime"]["default"],
    }
    assert set(step["env"]) <= set(environment)
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    ran = subprocess.run(argv, cwd=repository, env=environment, capture_output=True, text=True)
    return ran.returncode, summary.read_text() if summary.exists() else ran.stdout


def test_the_action_verifies_what_its_globs_match(tmp_path: Path) -> None:
    model = GOLDEN / "float32.tflite"
    for name in ("one.tflite", "deep/er/two words.tflite"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model, tmp_path / name)
    code, summary = verified(tmp_path, "  **/*.tflite\n\none.tflite\nnothing/*.tflite")
    assert code == 0, summary
    assert summary.splitlines()[2:] == [
        "| model | verdict | compared with |",
        "| --- | --- | --- |",
        "| `deep/er/two words.tflite` | within limits | other kernels, on random input |",
        "| `one.tflite` | within limits | other kernels, on random input |",
    ]


def test_the_action_fails_with_a_model_that_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    code, summary = verified(tmp_path, "*.tflite")
    assert code == 1
    assert "| `broken.tflite` | **not run** |" in summary


def test_the_action_fails_where_nothing_matches(tmp_path: Path) -> None:
    assert verified(tmp_path, "*.tflite\n") == (
        2,
        "::error::No file matches the globs of 'models'.\n",
    )


def test_the_action_uses_its_inputs_and_no_others() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", text)) == set(ACTION["inputs"])


def test_what_the_dockerfile_copies_exists() -> None:
    copied = [line.split() for line in instructions("COPY") if not line.startswith("--from")]
    sources = [source for *names, _ in copied for source in names]
    assert [name for name in sources if not (ROOT / name).exists()] == []
    needed = {link.name for link in (ROOT / "edgekit").iterdir() if link.is_symlink()}
    named = {"pyproject.toml", "edgekit", PROJECT["readme"], *PROJECT["license-files"], *needed}
    assert set(sources) == named, "what a wheel is made of, and no more"


@pytest.mark.parametrize("image", instructions("FROM"))
def test_the_dockerfile_has_a_python_that_tflite_runtime_takes(image: str) -> None:
    assert image.startswith("python:3.11-slim")
    assert PROJECT["requires-python"].startswith(">=3.11")


def test_the_dockerfile_starts_the_command_that_the_wheel_installs() -> None:
    [entry] = instructions("ENTRYPOINT")
    assert json.loads(entry) == list(PROJECT["scripts"])
    extras = [name for run in instructions("RUN") for name in re.findall(r"\[(\w+)\]", run)]
    assert extras == ["build"]
    assert extras[0] in PROJECT["optional-dependencies"]
