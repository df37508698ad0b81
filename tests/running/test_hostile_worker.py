"""What answers in place of the worker may be broken or hostile: always one sentence, and soon."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edgekit.core.errors import WorkerDied, WorkerTimeout
from edgekit.core.kinds import Command
from edgekit.core.types import Array
from edgekit.running import session, worker
from edgekit.running.session import Session, open_session
from tests.support.paths import GOLDEN

Board = Callable[..., Session]
"""Opens a session with a Python that answers what it is told."""

BATCH = {"image": np.zeros((2, 8, 8, 1), np.float32)}
LOADED: dict[str, object] = {
    "inputs": [{"index": 0, "dtype": "float32", "shape": [1, 8, 8, 1]}],
    "outputs": [{"index": 9, "dtype": "float32", "shape": [1, 3]}],
    "info": {"runtime": "r", "python": "3", "machine": "m", "system": "s", "cpu": "c"},
}

BOARD = """
import sys
stdin = sys.stdin.buffer
stdin.read(int.from_bytes(stdin.read(4), 'big'))
for answer in {answers!r}:
    header = stdin.read(8)
    import json
    length = int.from_bytes(header[4:], 'big')
    for name, kind, shape in json.loads(stdin.read(length))['arrays']:
        size = int(kind[2:])
        for n in shape:
            size *= n
        stdin.read(size)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
{then}
"""
"""A Python in place of the worker: it reads each request and writes bytes that are given."""


def packed(header: object, *, promised: object = None, data: bytes = b"") -> bytes:
    """Return a message whose header lists the arrays that are promised, whatever follows."""
    fields = {**header, "arrays": promised or []} if isinstance(header, dict) else header
    text = json.dumps(fields).encode()
    return worker.MARK + len(text).to_bytes(4, "big") + text + data


def scores(dtype: str = "<f4", shape: object = (2, 1, 3), name: object = "9") -> bytes:
    listed = [[name, dtype, shape]]
    return packed({}, promised=listed, data=bytes(64))


def latencies(values: Array) -> bytes:
    listed = [["latencies_ns", values.dtype.str, list(values.shape)]]
    return packed({"peak_memory_bytes": 1}, promised=listed, data=values.tobytes())


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    opened: list[Session] = []

    def start(*answers: bytes, then: str = "", timeout_s: float = 20.0) -> Session:
        class Impostor(Command):
            def python(self, code: str) -> tuple[str, ...]:
                return (sys.executable, "-c", BOARD.format(answers=answers, then=then))

        monkeypatch.setattr(session, "_start", lambda *_: (Impostor(argv=()), {}))
        path = GOLDEN / "float32.tflite"
        opened.append(open_session(path, runtime="litert", timeout_s=timeout_s))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


DEEP = worker.MARK + (50_000).to_bytes(4, "big") + b"[" * 50_000
WRONG = {
    "nothing": b"",
    "no message": b"hello, world",
    "deep JSON": DEEP,
    "a list": packed([]),
    "no fields": packed({}),
    "no info": packed({**LOADED, "info": None}),
    "info of numbers": packed({**LOADED, "info": {"runtime": 7}}),
    "an index that is text": packed({**LOADED, "inputs": [{"index": "0"}]}),
    "inputs that are none": packed({**LOADED, "inputs": 3}),
    "an array nobody asked for": packed(LOADED, promised=[["x", "<f4", [1 << 20]]], data=b"x"),
    "65 dimensions": packed(LOADED, promised=[["x", "<f4", [1] * 65]], data=bytes(4)),
    "an array without a name": packed(LOADED, promised=[[[], "<f4", [1]]], data=bytes(4)),
    "an error that is a number": packed({"error": 7}),
    "an error without a kind": packed({"error": {"message": "x"}}),
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_answer_to_loading_is_one_sentence(board: Board, answer: bytes) -> None:
    with pytest.raises(WorkerDied) as caught:
        board(answer)
    assert "litert on local" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        packed({}),
        scores(name="8"),
        scores("<f8"),
        scores(shape=(3, 1, 3)),
        scores(shape=()),
        scores(shape=(1 << 20, 1 << 20)),
        scores("<f4", [1] * 65),
    ],
)
def test_a_wrong_answer_to_an_invocation_is_one_sentence(board: Board, answer: bytes) -> None:
    run = board(packed(LOADED), answer)
    with pytest.raises(WorkerDied, match="litert on local sent"):
        run(BATCH)


@pytest.mark.parametrize(
    "answer",
    [
        packed({"peak_memory_bytes": 1}),
        latencies(np.array([5, 5])),
        latencies(np.array([-5])),
        latencies(np.array([np.nan])),
        latencies(np.array([[5]])),
        latencies(np.array([1.5])),
        packed({"peak_memory_bytes": 1}, promised=[["latencies_ns", "<i8", [1 << 28]]]),
        packed({}, promised=[["latencies_ns", "<i8", [1]]], data=bytes(8)),
        packed(
            {"peak_memory_bytes": "much"}, promised=[["latencies_ns", "<i8", [1]]], data=bytes(8)
        ),
    ],
)
def test_wrong_latencies_are_one_sentence(board: Board, answer: bytes) -> None:
    run = board(packed(LOADED), answer)
    with pytest.raises(WorkerDied, match="litert on local sent"):
        run.time(BATCH, runs=1, warmup=0)


def test_an_answer_that_never_ends_is_ended(board: Board) -> None:
    endless = "while True: sys.stdout.buffer.write(b'x')"
    run = board(packed(LOADED), packed({})[:-2], then=endless)
    with pytest.raises(WorkerDied):
        run(BATCH)


def test_silence_is_ended_after_the_time_limit(board: Board) -> None:
    with pytest.raises(WorkerTimeout):
        board(b"", then="import time; time.sleep(60)", timeout_s=1.5)
