"""Jobs run at once while there is room, which is asked for again; a failure ends what runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgekit.core import parallel
from edgekit.core.child_process import Child
from edgekit.core.parallel import at_once
from tests.support import toy_tasks


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_results_come_in_the_order_of_the_jobs() -> None:
    def slept(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert at_once(slept, [0.05, 0.0, 0.02], lambda: 2) == [0.05, 0.0, 0.02]


def test_room_that_comes_later_is_used_and_what_is_lost_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel, "ASKED_EVERY_S", 0.01)
    rooms, running, most = [1], set[int](), list[int]()
    may_end = threading.Semaphore(0)

    def job(number: int) -> int:
        running.add(number)
        most.append(len(running))
        may_end.acquire()
        running.remove(number)
        return number

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(at_once, job, range(9), lambda: rooms[0])
        until(lambda: running == {0})
        rooms[0] = 3
        until(lambda: running == {0, 1, 2})
        rooms[0] = 0  # and yet one runs, and waits for room
        may_end.release(2)
        until(lambda: len(running) == 1)
        time.sleep(0.05)
        assert len(running) == 1
        may_end.release(7)
        assert done.result() == list(range(9))
    assert max(most) == 3


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_where_one_fails_or_we_are_stopped_what_runs_is_ended(
    kind: type[BaseException], tmp_path: Path, ctrl_c: Callable[[], None]
) -> None:
    begun = threading.Event()
    ended = threading.Event()

    def job(number: int) -> None:
        if number == 0:
            try:
                Child(progress=lambda *_: begun.set()).call(toy_tasks.told_and_slept, 60.0)
            finally:
                ended.set()
        elif number == 1:
            assert begun.wait(30)
            if kind is ValueError:
                raise ValueError("the sentence")
            ctrl_c()
            ended.wait(30)
        else:
            (tmp_path / "begun").touch()

    started = time.monotonic()
    with pytest.raises(kind):
        at_once(job, range(3), lambda: 2)
    assert time.monotonic() - started < 30
    assert ended.wait(10)
    assert not (tmp_path / "begun").exists()
