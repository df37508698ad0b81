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

import numpy as np
import pytest
import yaml
from ai_edge_litert.interpreter import Interpreter

from tests.support.paths import GOLDEN, ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", joined, flags=re.MULTILINE)


def verified(repository: Path, models: str) -> tuple[int, str]:
    """Run the step that verifies, as GitHub would; return its exit code, and what it says."""
    step, summary = STEPS["Verify the models"], repository / "summary.md"
    assert step["shell"] == "python"
    script = repository / "step.py"
    script.write_text(step["run"], encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(summary),
        "MODELS": models,
        "RUNTIME": ACTION["inputs"]["runtime"]["default"],
    }
    assert set(step["env"]) <= set(environment)
    argv = [sys.executable, str(script)]
    ran = subprocess.run(argv, cwd=repository, env=environment, capture_output=True, text=True)
    return ran.returncode, summary.read_text() if summary.exists() else ran.stderr


def small(folder: Path, name: str) -> Path:
    """Write a model with golden vectors that it agrees with."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(GOLDEN / "float32.tflite", path)
    images = np.random.default_rng(0).random((8, 8, 8, 1), dtype=np.float32)
    signature = Interpreter(str(path)).get_signature_runner()
    scores = [signature(image=image[np.newaxis])["scores"][0] for image in images]
    vectors = {"input:image": images, "output:scores": np.array(scores)}
    np.savez(path.with_suffix(".vectors.npz"), **vectors)  # type: ignore[arg-type]  # numpy#25529
    return path


def test_the_action_verifies_what_its_globs_match(tmp_path: Path) -> None:
    small(tmp_path, "one.tflite")
    small(tmp_path, "deep/er/two words.tflite")
    code, said = verified(tmp_path, "  **/*.tflite\n\none.tflite\nnothing/*.tflite")
    assert code == 0, said
    assert said.splitlines()[4:] == [
        f"| `{name}` | litert | within limits | compared with golden vectors |"
        for name in ("deep/er/two words.tflite", "one.tflite")
    ]


def test_the_action_fails_with_models_that_are_wrong_or_broken(tmp_path: Path) -> None:
    wrong = small(tmp_path, "wrong.tflite").with_suffix(".vectors.npz")
    arrays = dict(np.load(wrong))
    np.savez(
        wrong,
        **{"input:image": arrays["input:image"], "output:scores": 1 - arrays["output:scores"]},
    )
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    code, said = verified(tmp_path, "*.tflite")
    assert code == 1
    assert "| `broken.tflite` | litert | not run | 'broken.tflite' is" in said
    assert "| `wrong.tflite` | litert | out of limits | Output" in said


def test_the_action_fails_where_nothing_matches(tmp_path: Path) -> None:
    assert verified(tmp_path, "*.tflite\n") == (
        1,
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
