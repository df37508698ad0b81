"""Several builds: each is a task, one that fails stops no other, and the exit code tells of all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core.paths import sha256
from edgekit.tasks import many_builds
from edgekit.tasks.many_builds import Built, build_many
from tests.support.paths import RECIPES
from tests.support.ray_nodes import cluster_of


def toys(folder: Path, *names: str) -> list[str]:
    """Return the paths of copies of the toy recipe."""
    folder.mkdir()
    return [str(shutil.copy(RECIPES / "blobs.py", folder / f"{name}.py")) for name in names]


def test_all_that_are_refused_are_told_with_exit_code_2(tmp_path: Path) -> None:
    recipes = toys(tmp_path / "recipes", "one", "other")
    asked = ["build", *recipes, "--variant", "pruned-int3", "--out", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert done.stdout.count("failed") == 2
    assert "int3" in done.stdout
    assert not (tmp_path / "runs" / "one").exists()
    done = CliRunner().invoke(app, [*asked, "--json"])
    builds = json.loads(done.stdout)["builds"]
    assert [(each["recipe"], each["ok"]) for each in builds] == [("one", None), ("other", None)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "You gave no recipe; name the recipes to build, or give --all alone."),
        (["image_cnn", "--all"], "You gave image_cnn and --all; name"),
        (["image_cnn", "image_cn"], "no recipe 'image_cn'; there are"),
        (["image_cnn", "image_cnn"], "'image_cnn' is named twice"),
        (["image_cnn", "text_bert", "--workers", "0"], "workers is 0; allowed are 1 to 64."),
        (["image_cnn", "--cluster", "here"], "cluster is 'here'; give HOST:PORT"),
    ],
)
def test_a_wrong_request_builds_nothing(words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(app, ["build", *words])
    assert sentence in str(done.exception)


@pytest.mark.parametrize(
    ("verdicts", "code"), [((True, True), 0), ((True, False), 1), ((False, None), 2)]
)
def test_the_worst_build_gives_the_exit_code(
    verdicts: tuple[bool | None, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = [
        Built(recipe=f"r{k}", ok=ok, reason="" if ok else "why", folder=Path("runs"))
        for k, ok in enumerate(verdicts)
    ]
    monkeypatch.setattr(many_builds, "build_many", lambda *_, **__: built)
    done = CliRunner().invoke(app, ["build", "--all"])
    assert done.exit_code == code


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_two_nodes_build_what_this_machine_builds(tmp_path: Path) -> None:
    recipes = toys(tmp_path / "recipes", "one", "other")
    out = tmp_path / "runs"
    with cluster_of({}, {}) as (cluster, _):
        built = build_many(
            recipes, cluster=cluster.address, variants="float32", targets="litert", out=out
        )
    assert [(each.recipe, each.ok, each.good) for each in built] == [
        ("one", True, 1),
        ("other", True, 1),
    ]
    report = json.loads((out / "one" / "report.json").read_text())
    assert report["command"].startswith(f"edgekit build {recipes[0]}")
    assert f"--out {out}" in report["command"]
    assert json.loads((out / "one" / "plan.json").read_text())["recipe"] == recipes[0]
    assert (out / "one" / "bundle" / "SHA256SUMS").is_file()
    again = build_many(recipes[:1], variants="float32", targets="litert", out=out)
    assert again[0].ok  # and nothing was done again: every step's files are those of the record
    assert sha256(out / "one" / "model.keras") == sha256(out / "other" / "model.keras")
