"""A node runs a task on copies of its files, and refuses one of another edition."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.core.child_process import request_for, result_of
from edgekit.core.errors import Unavailable
from edgekit.tasks.node import Errand, edition, run
from edgekit.tasks.parcel import Content
from tests.support import toy_tasks


def errand(call: dict[str, object], edition: dict[str, str], **files: str) -> Errand:
    return Errand(
        request=call,
        run="run",
        files={
            f"run/run/{name}": Content(sha256=hashlib.sha256(text.encode()).hexdigest(), mode=0o644)
            for name, text in files.items()
        },
        moved={"/sender/out": "run"},
        leaves=(),
        edition=edition,
    )


def holding(*texts: str) -> Callable[[], list[bytes]]:
    return lambda: [text.encode() for text in texts]


def test_a_task_sees_its_files_and_only_news_comes_back() -> None:
    call = request_for(toy_tasks.written, Path("/sender/out"), "new", "one")
    returned = run(errand(call, edition(), old="was here"), holding("was here"))
    assert result_of(toy_tasks.written, returned.answer) == "old"
    assert set(returned.files) == {"old", "made/new"}
    assert list(returned.blobs.values()) == [b"one"]


def test_another_edition_is_refused_with_what_differs() -> None:
    call = request_for(toy_tasks.written, Path("/sender/out"), "new", "one")
    other = {**edition(), "code of edgekit": "0" * 12}
    returned = run(errand(call, other), holding())
    with pytest.raises(Unavailable, match=r"code of edgekit is .* there and 000000000000 here"):
        result_of(toy_tasks.written, returned.answer)
    assert returned.files == {}


def test_what_killed_tasks_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("edgekit-task-killed", "edgekit-task-running"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lock").touch()
    call = request_for(toy_tasks.slept, 0.0)
    with (tmp_path / "edgekit-task-running" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run(errand(call, edition()), holding())
        assert [path.name for path in tmp_path.iterdir()] == ["edgekit-task-running"]
