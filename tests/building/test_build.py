"""A whole build: complete, resumed, interrupted; its folder can be checked by a stranger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgekit.building import pipeline
from edgekit.building.run_folder import CHANGING
from edgekit.core.errors import BadInput, NotFound
from edgekit.core.paths import sha256
from edgekit.reporting import report_json
from edgekit.reporting.seen import FILE_NAME, read_seen
from edgekit.tflite.reader import read
from edgekit.verbs.inspect import inspect
from edgekit.verbs.verify import verify
from tests.support.paths import RECIPES

BLOBS = str(RECIPES / "blobs.py")
COMMAND = [
    sys.executable, "-m", "edgekit", "build", BLOBS, "--target", "litert", "--target", "edgetpu",
]  # fmt: skip


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    ran = subprocess.run([*COMMAND, "--out", out], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return out / "blobs"


@pytest.mark.slow
def test_the_folder_holds_what_a_stranger_needs(run_dir: Path) -> None:
    for name in ("plan.json", "model.keras", "vectors.npz", "report.json", "report.html",
                 "report.md", "float32/model.tflite", "int8/artifact.json", "bundle"):  # fmt: skip
        assert (run_dir / name).exists(), name
    plan = json.loads((run_dir / "plan.json").read_text())
    assert plan["seed"] == 0
    assert plan["versions"]["keras"].startswith("3.")


@pytest.mark.slow
def test_a_build_done_again_gives_the_same_bytes(run_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgekit", "rebuild", str(run_dir)]
    ran = subprocess.run([*command, "--out", tmp_path], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("MATCH: all ")
    first, second = sums(run_dir), sums(tmp_path / "blobs")
    assert set(first) == set(second)
    assert {"model.keras", "vectors.npz", "int8/model.tflite", "bundle/bundle.json"} <= set(first)
    assert [name for name in first if first[name] != second[name]] == []
    page = (run_dir / "report.html").read_text(encoding="utf-8")
    assert all(name in page for names in CHANGING.values() for name in names)


def sums(folder: Path) -> dict[str, str]:
    """Return file -> checksum of those that a build gives again."""
    changing = tuple(name for names in CHANGING.values() for name in names)
    return {
        name: sha256(path)
        for path in folder.rglob("*")
        if path.is_file()
        if not (name := path.relative_to(folder).as_posix()).startswith(changing)
    }


@pytest.mark.slow
def test_every_variant_is_measured_or_says_why_not(run_dir: Path) -> None:
    report = report_json.load_report(run_dir)
    assert {row.variant for row in report.rows} == {"float32", "int8"}
    for row in report.rows:
        file = inspect(run_dir / row.variant / "model.tflite")
        assert row.size_bytes == file.size_bytes
        assert (row.zstd_bytes, row.sparse_bytes) == (file.zstd_bytes, file.sparse_bytes)
        if row.runtime == "litert":
            assert row.status == "measured"
            assert row.value == pytest.approx(report.reference, abs=3)
            assert row.max_abs_error is not None
            assert row.latency_ms_median is not None
            assert row.latency_ms_median > 0
        else:
            assert row.status == "predicted"
            assert row.reason


@pytest.mark.slow
def test_the_page_shows_examples_and_what_is_taken_for_what(run_dir: Path) -> None:
    seen = read_seen(run_dir)
    assert seen
    assert (seen.variant, seen.runtime, seen.compared) == ("int8", "litert", 128)
    assert seen.examples
    for tally in (seen.reference, seen.file):
        assert tally
        assert sum(map(sum, tally.taken_for)) == 128
    report = report_json.load_report(run_dir)
    names = {"top left named so, %", "top right named so, %"}
    assert names < set(report.reference_details)
    assert all(names < set(row.details) for row in report.rows if row.status == "measured")
    assert "Test examples" in (run_dir / "report.html").read_text(encoding="utf-8")
    assert not (run_dir / "bundle" / FILE_NAME).exists()


@pytest.mark.slow
def test_the_artifacts_verify_from_the_folder_alone(run_dir: Path) -> None:
    proofs = verify(run_dir, runtime="litert")
    assert [proof.precision for proof in proofs] == ["float32", "int8"]
    assert all(proof.ok for proof in proofs)
    assert all(proof.against == "golden vectors" for proof in proofs)


@pytest.mark.slow
def test_an_artifact_with_other_answers_is_found(run_dir: Path, tmp_path: Path) -> None:
    with np.load(run_dir / "vectors.npz") as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed["output:scores"] = np.roll(changed["output:scores"], 1, axis=0)
    np.savez(tmp_path / "wrong.npz", **changed)
    file = run_dir / "float32" / "model.tflite"
    (proof,) = verify(file, runtime="litert", vectors=tmp_path / "wrong.npz")
    assert proof.ok is False
    assert "first choice" in proof.reason


@pytest.mark.slow
def test_the_second_time_nothing_is_redone(run_dir: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run_dir.glob(".steps/*.json")}
    start = time.monotonic()
    ran = subprocess.run([*COMMAND, "--out", run_dir.parent], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert {path: path.stat().st_mtime_ns for path in run_dir.glob(".steps/*.json")} == before
    assert time.monotonic() - start < 60  # not a speed test: training alone takes TensorFlow


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["trained", "converted float32", "measured float32"])
def test_a_killed_build_goes_on_and_never_showed_half_a_file(tmp_path: Path, moment: str) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--out", str(tmp_path)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if moment in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    for path in tmp_path.rglob("model.tflite"):
        if not path.parent.name.startswith("."):
            assert read(path).main.operators
    ran = subprocess.run([*COMMAND, "--out", tmp_path], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert len(report_json.load_report(tmp_path / "blobs").rows) == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": "huge"}, "size is 'huge'; allowed are 'tiny' and 'full'"),
        ({"variants": ["int7"]}, "no known precision; allowed are float32"),
        ({"variants": ["qat-float32"]}, "'qat' goes with"),
        ({"variants": ["pruned,share=0.5-int8"]}, "'pruned' has no option 'share'; .*: sparsity"),
        ({"variants": ["pruned,sparsity=75-int8"]}, "sparsity of 75 .*above 0 and below 1"),
        ({"variants": ["clustered,clusters=1-int8"]}, "1 clusters .*a whole number, 2 or more"),
        ({"variants": ["magic-int8"]}, "no optimization 'magic'"),
        ({"targets": ["moon"]}, "no target 'moon'"),
    ],
)
def test_a_bad_request_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises((BadInput, NotFound), match=sentence):
        pipeline.build(BLOBS, out=tmp_path, **arguments)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
