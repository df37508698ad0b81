"""A phone behind adb is sent a bundle, and its answers are judged here; `adb` is a fake one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput, Unavailable, WorkerFailed
from edgekit.verbs.phone.adb import Phone, phone_of
from edgekit.verbs.phone.asking import bench_on_phone, verify_on_phone
from tests.support.example_run import write_run
from tests.support.fake_adb import SETTINGS, write_fake_adb
from tests.support.paths import GOLDEN

Configure = Callable[..., Path]


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    folder = write_fake_adb(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(folder))

    def configure(**changes: Any) -> Path:
        (folder / "settings.json").write_text(json.dumps({**SETTINGS, **changes}))
        return folder

    configure()
    return configure


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    run_dir = write_run(tmp_path / "image_cnn")
    return registry.get("packagers", "android").package(run_dir, tmp_path / "bundle")


def test_a_bundle_is_judged_on_cpu_and_gpu(phone: Configure, bundle: Path) -> None:
    folder = phone(gpu=True)
    on_cpu, on_gpu = verify_on_phone(bundle, "adb")
    assert (on_cpu.ok, on_cpu.adapter, on_cpu.reason) == (True, "", "")
    assert (on_gpu.ok, on_gpu.adapter) == (True, "gpu")
    assert on_cpu.device == "Fairphone FP5, Android 15"
    told = (folder / "told.txt").read_text()
    assert "-e variant float32 -e gpu true -e runs 1 edgekit.demo/.SelfTestInstrumentation" in told
    assert told.rstrip().endswith(
        "exec-out run-as edgekit.demo cat /data/user/0/edgekit.demo/cache/device_report.json"
    )
    assert told.count("shell rm -f /data/local/tmp/edgekit-bundle.zip") == 2


def test_a_gpu_that_refuses_is_said(phone: Configure, bundle: Path) -> None:
    (proof,) = verify_on_phone(bundle, "adb", runtime="litert-gpu")
    assert proof.ok
    assert "asked to run on the GPU, and ran on the CPU: The GPU refused" in proof.reason
    with pytest.raises(Unavailable, match="Not run on the GPU: The GPU refused 'm'"):
        bench_on_phone(bundle, "adb", runtime="litert-gpu")


def test_wrong_answers_of_a_phone_are_out_of_limits(phone: Configure, bundle: Path) -> None:
    phone(scale=3.0)
    (proof,) = verify_on_phone(bundle, "adb", runtime="litert")
    assert proof.ok is False


def test_a_file_alone_is_sent_as_a_bundle(phone: Configure, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    vectors = tmp_path / "vectors.npz"
    arrays = {
        "input:picture": random.random((20, 8, 8, 1), np.float32),
        "output:answer": random.random((20, 3), np.float32),
    }
    np.savez(vectors, **arrays)  # type: ignore[arg-type]
    folder = phone()
    (proof,) = verify_on_phone(GOLDEN / "int8.tflite", "adb", runtime="litert", vectors=vectors)
    assert proof.ok
    assert proof.precision == "int8"
    with zipfile.ZipFile(folder / "sent.zip") as sent:
        facts = json.loads(sent.read("bundle.json"))
        assert sent.read("model.tflite") == (GOLDEN / "int8.tflite").read_bytes()
        assert len(sent.read("input_0.bin")) == 8 * 8 * 8 * 4
    assert [tensor["name"] for tensor in facts["golden"]["tensors"]] == ["image", "scores"]
    assert facts["models"][0]["inputs"][0]["shape"] == [1, 8, 8, 1]


def test_latencies_are_those_that_the_app_measured(phone: Configure) -> None:
    times = bench_on_phone(GOLDEN / "int8.tflite", "adb:R58M123ABC", runs=50)
    assert (times.latency_ms_median, times.latency_ms_p90, times.runs) == (1.25, 1.5, 56)
    assert times.peak_memory_bytes == 98304000
    assert (times.runtime, times.device) == ("litert", "adb:R58M123ABC")
    told = (phone() / "told.txt").read_text()
    assert "-s R58M123ABC push" in told
    assert "-e runs 50" in told


def test_without_vectors_a_file_is_timed_but_not_judged(phone: Configure) -> None:
    with pytest.raises(BadInput, match=r"no golden vectors beside .*int8\.tflite"):
        verify_on_phone(GOLDEN / "int8.tflite", "adb")


def test_an_app_that_crashes_is_a_verdict(phone: Configure, bundle: Path) -> None:
    phone(crash=True)
    (proof,) = verify_on_phone(bundle, "adb", runtime="litert")
    assert (proof.ok, proof.status) == (False, "not run")
    assert proof.reason == "The app on the phone failed: Process crashed."
    with pytest.raises(WorkerFailed, match="Process crashed"):
        bench_on_phone(bundle, "adb")


@pytest.mark.parametrize(
    ("settings", "serial", "sentence"),
    [
        ({"phones": {}}, "", "adb sees no phone; it sees: none"),
        ({"phones": {"a": "device"}}, "b", "adb sees no phone 'b'; it sees: a"),
        ({"phones": {"a": "device", "b": "device"}}, "", "name one: --device adb:a"),
        ({"phones": {"a": "unauthorized"}}, "", "a is unauthorized; allow USB debugging"),
        ({"installed": False}, "", "The app edgekit.demo is not on the phone; open android-demo/"),
    ],
)
def test_what_is_missing_is_said_and_nothing_runs(
    phone: Configure, bundle: Path, settings: dict[str, Any], serial: str, sentence: str
) -> None:
    phone(**settings)
    device = f"adb:{serial}" if serial else "adb"
    for ask in (verify_on_phone, bench_on_phone):
        with pytest.raises(Unavailable, match=f"^Not run: .*{re.escape(sentence)}"):
            ask(bundle, device, runtime="litert")


def test_without_adb_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Phone().missing() == "adb is not installed; run: sudo apt-get install adb"
    assert registry.get("devices", "adb").missing() == Phone().missing()


def test_only_adb_is_a_phone() -> None:
    assert phone_of("local") is None
    assert phone_of("ssh://pi@board") is None
    assert phone_of("adb:192.168.1.7:5555") == Phone(serial="192.168.1.7:5555")
    for wrong in ("adb:", "adb:-s", "adb:a b", "adb://x"):
        with pytest.raises(BadInput, match="give adb or adb:SERIAL"):
            phone_of(wrong)


def test_what_an_app_cannot_do_is_refused(phone: Configure, bundle: Path) -> None:
    with pytest.raises(BadInput, match="'tflite-runtime' does not run in an Android app"):
        bench_on_phone(bundle, "adb", runtime="tflite-runtime")
    with pytest.raises(BadInput, match="you asked for 4 threads"):
        bench_on_phone(bundle, "adb", threads=4)


def test_nothing_temporary_is_left_when_edgekit_ends(tmp_path: Path) -> None:
    code = "from edgekit.verbs.phone.app_bundle import scratch; print(scratch().is_dir())"
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
    assert not list(tmp_path.iterdir())
