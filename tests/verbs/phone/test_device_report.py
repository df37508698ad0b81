"""A phone's self-test is judged by its answers, whatever else the report says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.verbs.phone.device_report import judge_report
from tests.support.example_run import write_run
from tests.support.phone_reports import golden, write_report


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    run_dir = write_run(tmp_path / "image_cnn")
    return registry.get("packagers", "android").package(run_dir, tmp_path / "bundle")


def test_right_answers_are_right(bundle: Path) -> None:
    (proof,) = judge_report(bundle, write_report(bundle, golden(bundle))[0])
    assert (proof.ok, proof.reason, proof.status) == (True, "", "measured")
    assert (proof.runtime, proof.device) == ("LiteRT for Android", "Fairphone FP5, Android 15")
    assert proof.max_abs_error == 0
    assert [output.output for output in proof.outputs] == ["scores"]


def test_fewer_examples_than_the_bundle_holds_are_judged_too(bundle: Path) -> None:
    (proof,) = judge_report(bundle, write_report(bundle, golden(bundle)[:3])[0])
    assert proof.ok


@pytest.mark.parametrize("wrong", ["zeros", "shuffled", "nan"])
def test_wrong_answers_are_wrong_although_the_report_says_ok(bundle: Path, wrong: str) -> None:
    answers = golden(bundle)
    answers = {"zeros": answers * 0, "shuffled": answers[::-1], "nan": answers * np.nan}[wrong]
    (proof,) = judge_report(bundle, write_report(bundle, answers)[0])
    assert proof.ok is False
    assert "'scores'" in proof.reason


def test_an_error_that_is_told_too_small_is_noticed(bundle: Path) -> None:
    off = golden(bundle) + np.float32(1e-4)
    (proof,) = judge_report(bundle, write_report(bundle, off, told=1e-6)[0])
    assert proof.ok is False
    assert "off by 1e-06 at most, and its answers are off by 0.0001" in proof.reason


def test_a_fallback_is_said_but_is_no_error(bundle: Path) -> None:
    why = "The GPU refused 'float32.tflite': ErrorCompilation"
    path, _ = write_report(bundle, golden(bundle), asked_for="gpu", why_not=why)
    (proof,) = judge_report(bundle, path)
    assert proof.ok
    assert proof.reason == f"It was asked to run on the GPU, and ran on the CPU: {why}"


def test_float32_on_a_gpu_is_held_to_what_a_gpu_computes_in(bundle: Path) -> None:
    off = golden(bundle) * (1 + 4e-3 * np.resize([1, -1], (8, 3)).astype(np.float32))
    on_cpu, _ = write_report(bundle, off)
    assert judge_report(bundle, on_cpu)[0].ok is False
    on_gpu, _ = write_report(bundle, off, asked_for="gpu", ran_on="gpu")
    assert judge_report(bundle, on_gpu)[0].ok


def test_a_variant_with_other_weights_is_not_judged(bundle: Path) -> None:
    described = bundle / "bundle.json"
    described.write_text(
        described.read_text().replace('"variant": "float32"', '"variant": "qat-x"')
    )
    (proof,) = judge_report(bundle, write_report(bundle, golden(bundle)[::-1])[0])
    assert proof.ok is None
    assert "has other weights than the reference" in proof.reason


def test_a_report_of_another_file_is_refused(bundle: Path) -> None:
    path, _ = write_report(bundle, golden(bundle), sha256="0" * 64)
    with pytest.raises(BadData, match=r"of another 'float32.tflite' than the bundle's"):
        judge_report(bundle, path)
    path, _ = write_report(bundle, golden(bundle), file="x.tflite")
    with pytest.raises(BadData, match=r"of 'x.tflite', and the bundle holds float32.tflite"):
        judge_report(bundle, path)


def test_what_is_no_report_is_refused(bundle: Path, tmp_path: Path) -> None:
    path, report = write_report(bundle, golden(bundle))
    report["models"][0]["answers"][0]["float32"] = "AAAA"
    path.write_text(json.dumps(report))
    with pytest.raises(BadData, match="'scores' are no numbers of shape"):
        judge_report(bundle, path)
    path.write_text(json.dumps({**report, "models": []}))
    with pytest.raises(BadData, match="holds no model"):
        judge_report(bundle, path)
    path.write_text(json.dumps({**report, "edgekit_device_report": 9}))
    with pytest.raises(BadInput, match="of version 9; this edgekit judges version 1"):
        judge_report(bundle, path)
    path.write_text("[]")
    with pytest.raises(BadInput, match="of version None"):
        judge_report(bundle, path)
    with pytest.raises(NotFound, match=r"Share report"):
        judge_report(bundle, tmp_path / "nothing.json")
    with pytest.raises(NotFound, match=r"bundle\.json"):
        judge_report(tmp_path, path)
