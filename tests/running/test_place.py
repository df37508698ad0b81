"""A place is a runtime on a device: which go together, and what is missing there."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput, BadModelFile, NotFound
from edgekit.running.place import Place, places, refuse_unrunnable, target
from edgekit.verbs.verify import verify
from tests.support.edgetpu_models import compiled_model
from tests.support.fake_runtime import fake_runtime
from tests.support.paths import GOLDEN

DEVICE = '''
"""A device that a test made for one runtime."""
from edgekit.core.kinds import Device

device = Device(
    command=lambda runtime: runtime.command(),
    missing=lambda: {missing!r},
    runtimes={runtimes!r},
    times_mean_something=False,
)
'''


def made_device(folder: Path, *, runtimes: tuple[str, ...] = ("fake",), missing: str = "") -> str:
    path = folder / "made.py"
    path.write_text(DEVICE.format(runtimes=runtimes, missing=missing))
    return str(path)


def test_a_runtime_names_its_devices_and_a_device_the_runtimes_it_was_made_with(
    tmp_path: Path,
) -> None:
    runtime, _ = fake_runtime(tmp_path)
    assert Place(runtime=runtime).mismatch() == ""  # the runtime says "local"
    assert Place(runtime=runtime, device=made_device(tmp_path)).mismatch() == ""
    other = made_device(tmp_path, runtimes=("another",))
    assert Place(runtime=runtime, device=other).mismatch() == (
        f"{runtime} does not run on {other}; it runs on: local."
    )
    assert "litert-gpu does not run on raspberry-pi" in (
        Place(runtime="litert-gpu", device="raspberry-pi").mismatch()
    )
    assert Place(runtime="litert", device="ssh://pi@board").mismatch() == ""


def test_what_is_missing_is_asked_of_the_runtime_only_on_this_machine(tmp_path: Path) -> None:
    runtime, _ = fake_runtime(tmp_path, missing="Install the runtime.")
    assert Place(runtime=runtime).missing() == "Install the runtime."
    assert Place(runtime=runtime, device=made_device(tmp_path)).missing() == ""
    gone = made_device(tmp_path, missing="Plug in the board.")
    assert Place(runtime=runtime, device=gone).missing() == "Plug in the board."
    mismatched = made_device(tmp_path, runtimes=(), missing="Plug in the board.")
    assert "does not run on" in Place(runtime=runtime, device=mismatched).missing()


def test_an_unknown_runtime_or_device_is_not_found() -> None:
    with pytest.raises(NotFound, match="no runtime 'abacus'"):
        Place(runtime="abacus").missing()
    with pytest.raises(NotFound, match="no device 'moon'"):
        Place(runtime="litert", device="moon").missing()


def test_a_device_that_needs_an_address_says_so() -> None:
    with pytest.raises(BadInput, match=r"'ssh' alone is no device; .* such as ssh://user@host"):
        Place(runtime="litert", device="ssh").missing()


def test_times_of_an_emulator_or_of_a_gpu_in_software_mean_nothing(tmp_path: Path) -> None:
    assert Place(runtime="litert").times_mean_something("")
    gpu = Place(runtime="litert-gpu")
    assert gpu.times_mean_something("NVIDIA GeForce RTX 4090")
    assert not gpu.times_mean_something("SwiftShader Device (Subzero)")
    assert gpu.hardware("SwiftShader Device (Subzero)") == "software GPU"
    runtime, _ = fake_runtime(tmp_path)
    emulated = Place(runtime=runtime, device=made_device(tmp_path))
    assert emulated.is_emulated()
    assert not emulated.times_mean_something("")
    assert emulated.hardware("") == "emulated"


def test_every_target_has_a_place_and_a_converter_that_exist() -> None:
    found = places()
    assert set(found) == {name for name in registry.names("targets") if target(name).runtime}
    for name, place in found.items():
        assert place.mismatch() == ""
        assert target(name).converter in ("", *registry.names("converters"))
    assert list(places(["litert", "cpu"])) == ["litert", "cpu"]


def test_a_file_with_a_custom_operator_runs_only_where_it_is_brought_along(tmp_path: Path) -> None:
    compiled = compiled_model(tmp_path / "compiled.tflite")
    refuse_unrunnable(compiled, "edgetpu")
    for runtime in ("", "litert", "tflite-runtime"):
        with pytest.raises(BadModelFile, match="compiled for the runtime edgetpu, which alone"):
            refuse_unrunnable(compiled, runtime)
    with pytest.raises(BadModelFile, match="'Mystery' is a custom operator"):
        refuse_unrunnable(GOLDEN / "custom.tflite", "edgetpu")


def test_a_file_is_proven_once_in_every_place_that_runs_it_as_it_is() -> None:
    proofs = verify(GOLDEN / "float32.tflite")
    pairs = [(proof.runtime, proof.device) for proof in proofs]
    assert len(set(pairs)) == len(pairs)
    assert ("litert", "local") in pairs
    converted = {target(name).runtime for name in places() if target(name).converter}
    assert converted
    assert not converted & {runtime for runtime, _ in pairs}
