from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core import registry
from edgekit.core.errors import BadInput, Unavailable
from edgekit.running.session import open_session
from tests.support.paths import GOLDEN

IMAGES = {"image": np.random.default_rng(0).random((4, 8, 8, 1), dtype=np.float32)}


def need(device: str) -> None:
    if missing := registry.get("devices", device).missing():
        pytest.skip(missing)


def test_this_machine_is_always_here() -> None:
    assert registry.get("devices", "local").missing() == ""


def test_an_emulated_board_that_is_not_there_says_how_to_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    device = registry.get("devices", "raspberry-pi")
    assert "edgekit setup raspberry-pi" in device.missing() or sys.platform != "linux"
    with pytest.raises(Unavailable):
        open_session(GOLDEN / "int8.tflite", runtime="tflite-runtime", device="raspberry-pi")


def test_times_of_an_emulator_mean_nothing() -> None:
    assert not registry.get("devices", "raspberry-pi").times_mean_something
    assert registry.get("devices", "local").times_mean_something
    assert registry.get("devices", "ssh://pi@board").times_mean_something


@pytest.mark.device
@pytest.mark.parametrize("file", ["float32.tflite", "float16.tflite", "int8.tflite"])
@pytest.mark.parametrize(
    ("runtime", "version"),
    [("tflite-runtime", "tflite-runtime 2.14.0"), ("litert", "ai-edge-litert 2.3.0")],
)
def test_the_emulated_board_answers_near_this_machine(
    file: str, runtime: str, version: str
) -> None:
    need("raspberry-pi")
    with open_session(GOLDEN / file, runtime=runtime, device="raspberry-pi") as run:
        assert run.info["machine"] == "aarch64"
        assert run.info["runtime"] == version
        board = run(IMAGES)["scores"]
    with open_session(GOLDEN / file, runtime="litert") as run:
        here = run(IMAGES)["scores"]
    np.testing.assert_allclose(board, here, atol=0.01)


@pytest.mark.device
def test_reference_kernels_answer_the_same_bits_on_the_board_and_here() -> None:
    need("raspberry-pi")
    answers = []
    for device in ("local", "raspberry-pi"):
        if missing := registry.get("runtimes", "tflite-runtime-reference").missing():
            pytest.skip(missing)
        with open_session(
            GOLDEN / "int8.tflite", runtime="tflite-runtime-reference", device=device
        ) as run:
            answers.append(run(IMAGES)["scores"])
    np.testing.assert_array_equal(answers[0], answers[1])


# ssh://...


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("ssh://board", ("board", "python3")),
        ("ssh://pi@board.local", ("pi@board.local", "python3")),
        ("ssh://pi@10.0.0.7:2222", ("-p", "2222", "pi@10.0.0.7", "python3")),
        ("ssh://pi@board/home/pi/env/bin/python", ("pi@board", "/home/pi/env/bin/python")),
        ("ssh://board/home/my%20env/python", ("board", "'/home/my env/python'")),
    ],
)
def test_a_url_says_where_and_which_python(url: str, end: tuple[str, ...]) -> None:
    runtime = registry.get("runtimes", "tflite-runtime")
    command = registry.get("devices", url).command(runtime)
    assert command.argv[0] == "ssh"
    assert command.argv[-len(end) :] == end
    assert "BatchMode=yes" in command.argv


@pytest.mark.parametrize(
    "url",
    [
        "ssh://",
        "ssh:///python",
        "ssh://pi@",
        "ssh://pi:secret@board",
        "ssh://-oProxyCommand=touch%20x",
        "ssh://pi@-oProxyCommand=x",
        "ssh://-l@board",
        "ssh://pi@board:99999",
        "ssh://pi@board;reboot",
        "ssh://pi@board?x=1",
        "ssh://pi@board/",
    ],
)
def test_a_url_that_is_no_board_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match=r"is no board; give|is no board; after the host"):
        registry.get("devices", url)


@given(st.text(max_size=20))
def test_no_text_becomes_an_option_of_ssh(text: str) -> None:
    try:
        device = registry.get("devices", f"ssh://{text}")
    except BadInput:
        return
    argv = device.command(registry.get("runtimes", "litert")).argv
    host = argv[-2]
    assert not host.startswith("-")
    assert not set(host) & set(" ;|&$`'\"()<>\n")


def test_an_unreachable_board_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "ssh"
    fake.write_text(
        "#!/bin/sh\necho 'ssh: connect to host board: No route to host' >&2\nexit 255\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(Unavailable) as unavailable:
        open_session(GOLDEN / "int8.tflite", runtime="litert", device="ssh://pi@board:22")
    assert str(unavailable.value) == (
        "ssh cannot log in: ssh: connect to host board: No route to host. "
        "Make this work first: ssh -p 22 pi@board true"
    )


def test_without_ssh_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install openssh-client" in registry.get("devices", "ssh://pi@board").missing()
