"""A step is redone when anything that it runs changed, and only then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.building.fingerprints import code_of, imported
from edgekit.core import registry
from edgekit.core.paths import packaged
from tests.support.paths import RECIPES


def code(kind: str, name: str) -> set[str]:
    """Return the files, relative to the package, that a thing consists of."""
    root = packaged()
    return {
        path.relative_to(root).as_posix()
        for path in imported([registry.source_of(kind, name)])
        if path.is_relative_to(root)
    }


@pytest.mark.parametrize(
    ("kind", "name", "module"),
    [
        ("recipes", "forecast_gru", "domains/learning/optimizers.py"),
        ("recipes", "keywords_cnn", "on_device/log_mel.py"),
        ("recipes", "text_gpt2", "on_device/decoding.py"),
        ("optimizations", "pruned", "bridge/fine_tuning.py"),
        ("optimizations", "qat", "bridge/qat/rewriting.py"),
        ("converters", "tflite", "conversion/tf_converter.py"),
        ("converters", "tflite", "tflite/tables.py"),
        ("converters", "edgetpu", "edgetpu/compiler_log.py"),
        ("runtimes", "tflite-runtime", "running/environments/making.py"),
        ("devices", "raspberry-pi", "running/debian.py"),
    ],
)
def test_what_is_imported_by_way_of_others_counts(kind: str, name: str, module: str) -> None:
    assert module in code(kind, name)


def test_what_scores_a_file_includes_the_worker() -> None:
    files = {path.name for path in imported([packaged("building", "measuring", "scoring.py")])}
    assert {"scoring.py", "session.py", "worker_process.py", "worker.py"} <= files


def test_training_does_not_depend_on_what_runs_files() -> None:
    files = {path.name for path in imported([packaged("building", "reference", "training.py")])}
    assert not {"session.py", "worker.py", "tf_converter.py", "pipeline.py"} & files


def test_a_loose_file_is_the_same_wherever_its_folder_lies(tmp_path: Path) -> None:
    copies = [tmp_path / each / "recipes" / "blobs.py" for each in ("one", "other")]
    for copy in copies:
        copy.parent.mkdir(parents=True)
        shutil.copy(RECIPES / "blobs.py", copy)
    here, *there = (code_of(path).sums for path in (RECIPES / "blobs.py", *copies))
    assert RECIPES.name == "recipes"
    assert there == [here, here]
    copies[0].write_text(copies[0].read_text() + "# edited")
    assert code_of(copies[0]).sums != here


def test_a_loose_file_may_import_its_own_package_and_edgekit_only(tmp_path: Path) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "helper.py").write_text("import json\n")
    (package / "recipe.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from edgekit.core import errors\n"
        "if TYPE_CHECKING:\n    from edgekit.core import report\n"
        "def build(size):\n    from .helper import x\n    import numpy\n"
    )
    files = imported([package / "recipe.py"])
    assert {path.name for path in files} >= {"recipe.py", "errors.py"}
    assert not {"report.py", "json", "numpy"} & {path.stem for path in files}


def test_code_knows_when_it_was_edited(tmp_path: Path) -> None:
    path = tmp_path / "recipe.py"
    path.write_text("x = 1\n")
    before = code_of(path)
    assert not before.changed()
    path.write_text("x = 2\n")
    assert before.changed()


class Checkout:
    """A copy of the package and a recipe, whose files a test may edit."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "edgekit"
        shutil.copytree(
            packaged(), self.package, ignore=shutil.ignore_patterns("__pycache__", "fashion*")
        )
        self.recipe = folder / "blobs.py"
        text = (RECIPES / "blobs.py").read_text()
        text = text.replace(
            "import numpy as np\n",
            "import numpy as np\n\nfrom edgekit.domains.series import sea_temperature  # noqa\n",
        )
        self.recipe.write_text(
            text.replace(
                '    """Train for a few epochs."""\n',
                '    """Train for a few epochs."""\n'
                "    import os, pathlib\n"
                '    if os.environ.get("EDIT_WHILE_TRAINING"):\n'
                "        with pathlib.Path(__file__).open('a') as file:\n"
                "            file.write('# edited\\n')\n",
            )
        )
        self.out = folder / "runs"

    def edit(self, *names: str) -> None:
        """Add a comment to a file of the package."""
        with self.package.joinpath(*names).open("a") as file:
            file.write("# edited\n")

    def build(self, **env: str) -> set[str]:
        """Build, and return the names of the steps that were done (again)."""
        before = self.records()
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "edgekit", "build", str(self.recipe)),
                *("--variant", "float32", "--variant", "pruned-float32"),
                *("--target", "litert", "--out", str(self.out)),
            ],
            env={**os.environ, "PYTHONPATH": str(self.package.parent), **env},
            cwd=self.package.parent,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return {name for name, time in self.records().items() if before.get(name) != time}

    def records(self) -> dict[str, int]:
        """Return step -> when its record was written."""
        records = (self.out / "blobs" / ".steps").glob("*.json")
        return {path.stem: path.stat().st_mtime_ns for path in records}


@pytest.mark.slow
def test_an_edit_redoes_the_steps_that_run_it(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    pruned = {"optimize-pruned", "convert-pruned-float32", "measure-pruned-float32-litert-local"}
    plain = {"convert-float32", "measure-float32-litert-local"}
    # What is not recorded was edited while it ran: nobody knows which edition that was.
    recorded = checkout.build(EDIT_WHILE_TRAINING="1")
    assert recorded <= {"convert-float32", "convert-pruned-float32"}
    everything = {"train", "programs", "see"} | pruned | plain
    # Trained again, the model is the same to the bit, and what was made of it stands.
    assert checkout.build() == everything - recorded
    assert checkout.build() == set()
    checkout.edit("domains", "learning", "optimizers.py")  # imported by what the recipe imports
    assert {"train", "optimize-pruned", "see"} <= checkout.build() <= everything
    checkout.edit("on_device", "programs", "classify.py")  # the program for the device
    assert checkout.build() == {"programs"}
    checkout.edit("bridge", "fine_tuning.py")  # a helper of the optimization
    # Pruned again, it is the same to the bit; then what was made of it stands.
    assert {"optimize-pruned"} <= checkout.build() <= pruned
    # A part of the converter; it writes the same.
    checkout.edit("conversion", "correcting", "corrections.py")
    assert checkout.build() == {"convert-float32", "convert-pruned-float32"}
    checkout.edit("running", "worker.py")
    assert checkout.build() == {
        "measure-float32-litert-local",
        "measure-pruned-float32-litert-local",
    }
