from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import (
    BadData,
    BadInput,
    BadModelFile,
    ModelRefused,
    NotFound,
    Unavailable,
    WorkerDied,
    WorkerTimeout,
)
from edgekit.core.types import Batch
from edgekit.running.quantization import from_port, to_ports
from edgekit.running.session import open_session
from edgekit.running.smoke_test import relu_model
from edgekit.running.timing import random_batch
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import Port
from tests.support.fake_runtime import fake_runtime
from tests.support.paths import GOLDEN

X = {"x": np.array([[1, -2, 3, -4], [5, 6, -7, 8]], np.float32)}


def images(count: int) -> dict[str, np.ndarray]:
    return {"image": np.random.default_rng(0).random((count, 8, 8, 1), dtype=np.float32)}


def int8_relu(path: Path) -> Path:
    """Write a RELU with int8 input and output: step 0.5, zero point -3."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(relu_model())
    for tensor in model.subgraphs[0].tensors:
        tensor.type = schema.TensorType.INT8
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [0.5], [-3]
    path.write_bytes(pack(model))
    return path


# What a session answers


def test_a_batch_answers_what_its_examples_answer_alone() -> None:
    batch = images(5)
    with open_session(GOLDEN / "float32.tflite", runtime="litert") as run:
        together = run(batch)["scores"]
        alone = [run({"image": batch["image"][i : i + 1]})["scores"] for i in range(5)]
    assert together.shape == (5, 3)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(together, np.concatenate(alone))
    assert np.ptp(together, axis=0).max() > 1e-3


def test_examples_of_many_messages_come_back_in_order(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path)
    x = np.arange(4 * 400_000, dtype=np.float32).reshape(-1, 4)  # 6.4 MB each way
    with open_session(model, runtime=runtime) as run:
        np.testing.assert_array_equal(run({"x": x})["y"], x * 2)


def test_slow_examples_are_sent_few_at_a_time(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path, invoke="time.sleep(0.06)")
    with open_session(model, runtime=runtime, timeout_s=2.0) as run:
        answer = run({"x": np.ones((40, 4), np.float32)})  # 2.4 s in all
    assert answer["y"].shape == (40, 4)


def test_floats_are_quantized_and_dequantized_by_the_file(tmp_path: Path) -> None:
    model = int8_relu(tmp_path / "int8.tflite")
    x = np.array([[-1.0, 0.26, 0.7, 1000.0]])
    with open_session(model, runtime="litert") as run:
        found = run({"x": x})["y"]
        np.testing.assert_array_equal(found, np.array([[0.0, 0.5, 0.5, 65.0]], np.float32))
        stored = run({"x": np.array([[-5, -3, -1, 127]], np.int8)})["y"]
        np.testing.assert_array_equal(stored, np.array([[0.0, 0.0, 1.0, 65.0]], np.float32))


def test_a_file_with_a_dynamic_batch_takes_one_example_after_the_other() -> None:
    with open_session(GOLDEN / "dynamic_shape.tflite", runtime="litert") as run:
        x = np.random.default_rng(0).random((3, 4), dtype=np.float32)
        answer = run({"features": x})["scores"]
        assert answer.shape == (3, 2)
        np.testing.assert_allclose(run({"features": x[1:2]})["scores"], answer[1:2], atol=1e-6)


def test_nan_is_answered_as_it_is(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path, invoke="self.values[1][0, 1] = np.nan")
    with open_session(model, runtime=runtime) as run:
        assert np.isnan(run(X)["y"][:, 1]).all()


def test_what_libraries_print_does_not_disturb(tmp_path: Path) -> None:
    noise = "print('EDGK' * 100, flush=True); os.write(1, b'native noise')"
    runtime, model = fake_runtime(tmp_path, load=noise, invoke=noise)
    with open_session(model, runtime=runtime) as run:
        np.testing.assert_array_equal(run(X)["y"], X["x"] * 2)


def test_info_says_what_runs() -> None:
    with open_session(GOLDEN / "float32.tflite", runtime="litert") as run:
        assert run.info["runtime"].startswith("ai-edge-litert 2.")
        assert run.info["python"] == ".".join(map(str, sys.version_info[:3]))
        assert run.info["machine"]


def test_the_adapter_is_read_from_the_log(tmp_path: Path) -> None:
    line = "I0000 00:00:1795378802.1 8071 environment.cc:532] Selected adapter: Some GPU, arch=x"
    runtime, model = fake_runtime(tmp_path, load=f"print({line!r}, file=sys.stderr)")
    with open_session(model, runtime=runtime) as run:
        assert run.info["adapter"] == "Some GPU, arch=x"


# Time and memory


def test_only_the_invocation_is_timed(tmp_path: Path) -> None:
    runtime, model = fake_runtime(
        tmp_path, set_tensor="time.sleep(0.1)", invoke="time.sleep(0.004)"
    )
    with open_session(model, runtime=runtime) as run:
        timing = run.time(X, runs=20, warmup=1)
    assert len(timing.latencies_ms) == 20
    assert 4.0 <= timing.median_ms <= timing.p90_ms < 100.0


def test_warm_up_is_left_out(tmp_path: Path) -> None:
    code = "self.calls = getattr(self, 'calls', 0) + 1\ntime.sleep(0.2 if self.calls <= 3 else 0)"
    runtime, model = fake_runtime(tmp_path, invoke=code)
    with open_session(model, runtime=runtime) as run:
        assert max(run.time(X, runs=5, warmup=3).latencies_ms) < 200.0


def test_memory_is_the_workers_own(tmp_path: Path) -> None:
    ours = np.ones(300 << 20, np.uint8)  # must not be counted as the worker's
    runtime, model = fake_runtime(tmp_path)
    with open_session(model, runtime=runtime) as run:
        before = run.time(X, runs=1, warmup=0).peak_memory_bytes
    other = tmp_path / "hungry"
    other.mkdir()
    runtime, model = fake_runtime(other, load="self.ballast = np.ones(100 << 20, np.uint8)")
    with open_session(model, runtime=runtime) as run:
        after = run.time(X, runs=1, warmup=0).peak_memory_bytes
    assert 1 << 20 < before < ours.nbytes
    assert after - before > 90 << 20


# When the worker gives no answer


@pytest.mark.parametrize("at", ["load", "invoke"])
def test_a_crash_names_its_signal_and_the_last_word(tmp_path: Path, at: str) -> None:
    code = (
        "print('about to fall', file=sys.stderr, flush=True); os.kill(os.getpid(), signal.SIGSEGV)"
    )
    runtime, model = fake_runtime(tmp_path, **{at: code})
    with (
        pytest.raises(WorkerDied, match=rf"SIGSEGV at '{at}'.*\"about to fall\""),
        open_session(model, runtime=runtime) as run,
    ):
        run(X)


def test_a_process_that_leaves_is_reported_with_its_exit_code(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path, invoke="os._exit(7)")
    with (
        open_session(model, runtime=runtime) as run,
        pytest.raises(WorkerDied, match="exit code 7"),
    ):
        run(X)


def test_a_hang_ends_in_time_with_all_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        "import subprocess\n"
        f"open({str(child)!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid))\n"
        "time.sleep(60)"
    )
    runtime, model = fake_runtime(tmp_path, invoke=code)
    began = time.monotonic()
    with open_session(model, runtime=runtime, timeout_s=2.0) as run:
        with pytest.raises(WorkerTimeout, match="did not answer 'invoke' within 2 s"):
            run(X)
        with pytest.raises(WorkerDied):  # and it stays dead
            run(X)
    assert time.monotonic() - began < 10
    assert ended(int(child.read_text()))


def ended(pid: int) -> bool:
    """Whether a process, not our child, is gone or only waits to be collected."""
    for _ in range(50):
        stat = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
        if not stat.stdout.strip() or stat.stdout.startswith("Z"):
            return True
        time.sleep(0.1)
    return False


def test_closing_ends_the_process(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))"
    runtime, model = fake_runtime(tmp_path, load=code)
    run = open_session(model, runtime=runtime)
    os.kill(int(pid_file.read_text()), 0)
    run.close()
    run.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    with pytest.raises(WorkerDied):
        run(X)


def test_a_program_that_prints_instead_of_working_is_told(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path, argv="('/bin/echo', 'Welcome to the board!')")
    with pytest.raises(WorkerDied, match=r"Welcome.*nothing but the worker may print"):
        open_session(model, runtime=runtime)


def test_a_missing_program_is_unavailable(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path, argv="('/nowhere/python',)")
    with pytest.raises(Unavailable, match="cannot start '/nowhere/python'"):
        open_session(model, runtime=runtime)


def test_a_missing_package_says_how_to_get_it(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path)
    (tmp_path / "fake_interpreter.py").unlink()
    with pytest.raises(Unavailable, match=r"fake_interpreter.*run: python3 -m pip install fake"):
        open_session(model, runtime=runtime)


def test_the_runtimes_own_sentence_is_used(tmp_path: Path) -> None:
    runtime, model = fake_runtime(tmp_path, missing="Buy the board; see the shop.")
    with pytest.raises(Unavailable, match=r"Buy the board; see the shop\."):
        open_session(model, runtime=runtime)


def test_a_refusal_gives_the_reason_in_one_line(tmp_path: Path) -> None:
    reason = (
        "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'.\nRegistration failed"
    )
    runtime, model = fake_runtime(tmp_path, load=f"raise ValueError({reason!r})")
    with pytest.raises(ModelRefused) as refused:
        open_session(model, runtime=runtime)
    assert str(refused.value) == (
        "fake on local refuses the file: "
        "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'."
    )


def test_a_refused_invocation_leaves_the_session_usable(tmp_path: Path) -> None:
    runtime, model = fake_runtime(
        tmp_path, invoke="if self.values[0][0, 0] > 4: raise RuntimeError('too large for me')"
    )
    with open_session(model, runtime=runtime) as run:
        with pytest.raises(ModelRefused, match="too large for me"):
            run(X)
        assert run({"x": X["x"][:1]})["y"].shape == (1, 4)


def test_the_accelerators_list_of_operators_is_the_reason(tmp_path: Path) -> None:
    log = (
        "ERROR: Following operations are not supported by GPU delegate:\n"
        "WHILE: Operation is not supported.\n"
        "CONV_2D: Tensor type(INT16) is not supported. some/tensor\n"
        "No operations will run on the GPU."
    )
    code = f"print({log!r}, file=sys.stderr); raise RuntimeError('ERROR: [a/b.h:1961]\\n└ what')"
    runtime, model = fake_runtime(tmp_path, load=code)
    with pytest.raises(ModelRefused) as refused:
        open_session(model, runtime=runtime)
    assert str(refused.value).endswith(
        "Following operations are not supported by GPU delegate: "
        "CONV_2D: Tensor type(INT16) is not supported; WHILE: Operation is not supported."
    )


@pytest.mark.parametrize("name", ["custom.tflite", "flex.tflite"])
def test_real_refusals_name_the_operator(name: str) -> None:
    with pytest.raises(ModelRefused, match=r"[Cc]ustom|Flex|Select"):
        open_session(GOLDEN / name, runtime="litert")


# Requests that cannot be met


def test_bad_requests_say_what_is_allowed(tmp_path: Path) -> None:
    model = GOLDEN / "float32.tflite"
    with pytest.raises(BadInput, match="litert-gpu does not run on raspberry-pi; it runs on: loc"):
        open_session(model, runtime="litert-gpu", device="raspberry-pi")
    with pytest.raises(BadInput, match="threads is 0; allowed are 1 to 256"):
        open_session(model, runtime="litert", threads=0)
    with pytest.raises(NotFound, match="Did you mean 'litert'"):
        open_session(model, runtime="litetr")
    with pytest.raises(NotFound):
        open_session(tmp_path / "none.tflite", runtime="litert")
    (tmp_path / "text.tflite").write_text("not a model")
    with pytest.raises(BadModelFile):
        open_session(tmp_path / "text.tflite", runtime="litert")


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"picture": np.zeros((1, 8, 8, 1))}, "holds 'picture'; the file takes 'image'"),
        ({}, "holds nothing; the file takes 'image'"),
        ({"image": np.zeros((1, 8, 9, 1))}, r"shape \(1, 8, 9, 1\).*\(examples, 8, 8, 1\)"),
        ({"image": np.zeros((8, 8, 1))}, r"shape \(8, 8, 1\)"),
        ({"image": np.zeros((0, 8, 8, 1))}, "at least 1"),
        ({"image": np.array("text")}, "shape"),
        ({"image": np.full((1, 8, 8, 1), "text")}, "give float32"),
    ],
)
def test_a_batch_that_does_not_fit_is_told_what_would(batch: Batch, message: str) -> None:
    with (
        open_session(GOLDEN / "float32.tflite", runtime="litert") as run,
        pytest.raises(BadData, match=message),
    ):
        run(batch)


def test_runs_and_warm_up_are_bounded() -> None:
    with open_session(GOLDEN / "float32.tflite", runtime="litert") as run:
        for request in ({"runs": 0}, {"warmup": -1}, {"runs": 10**6}):
            with pytest.raises(BadInput, match="allowed are"):
                run.time(images(1), **request)


# Values at the ports

PORT = Port(name="x", index=0, shape=(1, 3), dtype="int8", scale=0.1, zero_point=5)


@settings(deadline=None)
@given(
    scale=st.floats(1e-6, 1e3),
    dtype=st.sampled_from(["int8", "uint8", "int16"]),
    fraction=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    data=st.data(),
)
def test_quantized_values_come_back_within_half_a_step(
    scale: float, dtype: str, fraction: list[float], data: st.DataObject
) -> None:
    limits = np.iinfo(dtype)
    zero = data.draw(st.integers(int(limits.min), int(limits.max)))
    port = replace(PORT, scale=scale, zero_point=zero, dtype=dtype)
    low, high = (limits.min - zero) * scale, (limits.max - zero) * scale
    real = low + np.array([fraction]) * (high - low)
    stored = to_ports([port], {"x": real})["0"]
    assert stored.dtype == dtype
    back = from_port(port, stored[:, np.newaxis])
    assert back.shape == (1, 3)
    np.testing.assert_allclose(back, real, atol=scale * 0.5 * 1.001 + abs(high - low) * 1e-6)


def test_values_beyond_the_range_are_clipped_and_nan_is_refused() -> None:
    stored = to_ports([PORT], {"x": np.array([[-np.inf, np.inf, 1e9]])})["0"]
    np.testing.assert_array_equal(stored, [[-128, 127, 127]])
    with pytest.raises(BadData, match="holds NaN, which int8 cannot carry"):
        to_ports([PORT], {"x": np.array([[0.0, np.nan, 0.0]])})


def test_integers_change_type_only_where_every_value_survives() -> None:
    tokens = replace(PORT, dtype="int32", scale=0.0)
    assert to_ports([tokens], {"x": np.array([[1, 2, 3]])})["0"].dtype == np.int32
    for strange in (np.array([[1, 2, 1 << 40]]), np.array([[1.0, 2.0, 3.0]])):
        with pytest.raises(BadData, match="give int32"):
            to_ports([tokens], {"x": strange})


def test_inputs_must_agree_on_the_number_of_examples() -> None:
    other = replace(PORT, name="y", index=1)
    with pytest.raises(BadData, match="'x': 2, 'y': 3"):
        to_ports([PORT, other], {"x": np.zeros((2, 3)), "y": np.zeros((3, 3))})


def test_a_port_without_a_batch_axis_gets_the_examples_in_front() -> None:
    port = replace(PORT, shape=(3,), dtype="float32", scale=0.0)
    stored = to_ports([port], {"x": np.zeros((2, 3), np.float32)})["0"]
    assert from_port(port, stored).shape == (2, 3)


@pytest.mark.parametrize(
    ("side", "sentence"),
    [("inputs", "has no inputs"), ("outputs", "has no outputs"), ("shape", "no numbers")],
)
def test_a_file_that_takes_or_gives_nothing_is_refused(
    side: str, sentence: str, tmp_path: Path
) -> None:
    model = unpack((GOLDEN / "float32.tflite").read_bytes())
    graph = model.subgraphs[0]
    if side == "shape":
        graph.tensors[graph.inputs[0]].shape = [0, 8, 8, 1]
    else:
        setattr(graph, side, [])
        model.signatureDefs = []
    (path := tmp_path / "model.tflite").write_bytes(pack(model))
    with pytest.raises(BadInput, match=sentence):
        open_session(path, runtime="litert")
    with pytest.raises(BadInput, match=sentence):
        random_batch(path)
