"""A crew of this machine: results, sentences, one task at a time on a board."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgekit.core.errors import BadData, BadInput, EdgekitError, Unavailable
from edgekit.core.types import silent
from edgekit.tasks.choice import crew_of
from edgekit.tasks.crew import Needs, ThisMachine, board_of
from tests.support import toy_tasks


@pytest.mark.parametrize(
    ("device", "board"),
    [
        ("local", ""),
        ("raspberry-pi", ""),
        ("ssh://pi@raspberrypi:22/usr/bin/python3", "board:raspberrypi"),
        ("ssh://10.0.0.7", "board:10.0.0.7"),
        ("adb", "board:adb"),
        ("adb:R58M", "board:R58M"),
    ],
)
def test_a_board_is_named_by_its_host(device: str, board: str) -> None:
    assert board_of(device) == board


def test_tasks_run_in_processes_and_failures_are_sentences(tmp_path: Path) -> None:
    needs = Needs(folder=tmp_path / "run")
    with ThisMachine(2) as crew:
        assert crew.slots(needs) == 2
        assert crew.call(needs, silent, toy_tasks.written, tmp_path, "a", "one") == ""
        with pytest.raises(BadData, match=r"^the sentence$"):
            crew.call(needs, silent, toy_tasks.refused, "the sentence")
    assert (tmp_path / "run" / "made" / "a").read_text() == "one"


def test_a_board_is_held_by_one_task_at_a_time(tmp_path: Path) -> None:
    needs = Needs(folder=tmp_path, boards=("board:pi",))
    with ThisMachine(2) as crew, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(crew.call, needs, silent, toy_tasks.slept, 0.3) for _ in range(2)]
        (_, first), (second, _) = sorted(each.result() for each in asked)
    assert first <= second


@pytest.mark.parametrize(
    ("kind", "make", "sentence"),
    [
        (BadInput, lambda: crew_of(0, ""), "workers is 0; allowed are 1 to 64"),
        (BadInput, lambda: crew_of(1, "ray"), "cluster is 'ray'; give HOST:PORT"),
        (BadInput, lambda: crew_of(1, "here:99999"), "cluster is 'here:99999'"),
        (Unavailable, lambda: crew_of(1, "127.0.0.1:9"), "No Ray cluster answers at 127.0.0.1:9"),
    ],
)
def test_a_wrong_request_is_one_sentence(
    kind: type[EdgekitError], make: Callable[[], object], sentence: str
) -> None:
    if kind is Unavailable:
        pytest.importorskip("ray")
    with pytest.raises(kind, match=sentence):
        make()


def test_without_ray_the_command_that_gets_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Unavailable, match=r"pip install 'edgekit-tflite\[ray\]'"):
        crew_of(1, "127.0.0.1:6379")
