from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import ModelRefused, Unavailable
from edgekit.core.kinds import Command
from edgekit.running.session import open_session
from edgekit.running.smoke_test import prove
from tests.support.paths import GOLDEN

IMAGES = {"image": np.random.default_rng(0).random((4, 8, 8, 1), dtype=np.float32)}
NAMES = registry.names("runtimes")
BY_SETUP = [
    pytest.param(name, marks=[] if name == "litert" else [pytest.mark.device]) for name in NAMES
]


def need(name: str) -> None:
    if missing := registry.get("runtimes", name).missing():
        pytest.skip(missing)


def scores(name: str, file: str) -> np.ndarray:
    with open_session(GOLDEN / file, runtime=name) as run:
        return run(IMAGES)["scores"]


@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_is_here_or_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    runtime = registry.get("runtimes", name)
    missing = runtime.missing()
    assert missing == "" or (": " in missing and len(missing) < 200)
    assert "local" in runtime.devices
    assert set(runtime.devices) <= set(registry.names("devices"))
    if missing:
        with pytest.raises(Unavailable) as unavailable:
            open_session(GOLDEN / "float32.tflite", runtime=name)
        assert str(unavailable.value) == missing


@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_starts_a_python_and_names_its_package(name: str) -> None:
    runtime = registry.get("runtimes", name)
    command = runtime.command()
    assert isinstance(command, Command)
    assert Path(command.argv[0]).name.startswith("python")
    assert "code" in runtime.options or runtime.options["backend"] in ("interpreter", "compiled")
    package = str(runtime.options["module"]).partition(".")[0].replace("_", "-")
    assert package in runtime.install


@pytest.mark.parametrize("name", BY_SETUP)
def test_a_runtime_runs_the_smallest_model(name: str) -> None:
    need(name)
    assert prove(name)["python"].startswith("3.")


@pytest.mark.parametrize("name", BY_SETUP)
def test_a_runtime_agrees_with_litert_on_a_float_network(name: str) -> None:
    need(name)
    expected = scores("litert", "float32.tflite")
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(scores(name, "float32.tflite"), expected, atol=2e-3)


@pytest.mark.parametrize("name", BY_SETUP)
@pytest.mark.parametrize("file", ["float16.tflite", "int8.tflite", "int16x8.tflite"])
def test_a_runtime_stays_near_float_in_every_precision_it_takes(name: str, file: str) -> None:
    need(name)
    if name in ("litert-gpu", "litert-webgpu", "edgetpu") and file == "int16x8.tflite":
        pytest.skip(f"{name} takes no int16.")
    if name == "tflite-micro" and file == "float16.tflite":
        pytest.skip(f"{name} takes no float16.")
    expected = scores("litert", "float32.tflite")
    np.testing.assert_allclose(scores(name, file), expected, atol=0.05)


@pytest.mark.parametrize("name", BY_SETUP)
def test_a_runtime_times_itself(name: str) -> None:
    need(name)
    with open_session(GOLDEN / "float32.tflite", runtime=name) as run:
        timing = run.time(IMAGES, runs=5, warmup=2)
    assert len(timing.latencies_ms) == 5
    assert 0 < timing.median_ms <= timing.p90_ms < 10_000
    assert 10 << 20 < timing.peak_memory_bytes < 2 << 30


@pytest.mark.device
def test_integer_files_need_the_reference_kernels_to_be_the_same_everywhere() -> None:
    need("tflite-runtime-reference")
    with open_session(GOLDEN / "int8.tflite", runtime="tflite-runtime-reference") as run:
        assert run.info["runtime"] == "tflite-runtime 2.14.0"
        reference = run(IMAGES)["scores"]
    np.testing.assert_allclose(reference, scores("litert", "int8.tflite"), atol=0.02)


@pytest.mark.device
def test_the_gpu_says_which_adapter_ran_and_never_falls_back() -> None:
    need("litert-gpu")
    with open_session(GOLDEN / "float32.tflite", runtime="litert-gpu") as run:
        assert run.info["adapter"]
        assert run.info["accelerated"] == "fully"
    with pytest.raises(ModelRefused, match=r"not supported by GPU delegate: .*INT16"):
        scores("litert-gpu", "int16x8.tflite")
    with pytest.raises(ModelRefused, match="WHILE: Operation is not supported"):
        open_session(GOLDEN / "loop.tflite", runtime="litert-gpu")


@pytest.mark.device
def test_timing_on_the_gpu_waits_for_the_answer() -> None:
    """Running returns before the accelerator is done: timing that alone is ten times too fast."""
    need("litert-gpu")
    with open_session(GOLDEN / "float32.tflite", runtime="litert-gpu") as run:
        gpu = run.time(IMAGES, runs=20).median_ms
        if "CPU" not in run.info["adapter"]:
            pytest.skip("This machine's GPU may well be faster than its CPU.")
    with open_session(GOLDEN / "float32.tflite", runtime="litert") as run:
        cpu = run.time(IMAGES, runs=20).median_ms
    assert gpu > 5 * cpu
