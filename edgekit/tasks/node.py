"""What a node of a cluster does: unpack what a task reads, run it, hand back what it wrote."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgekit.building.run_folder import PLAN
from edgekit.core.child_process import answer_to
from edgekit.core.paths import packaged
from edgekit.core.records import Json
from edgekit.running.this_machine import versions
from edgekit.tasks.parcel import Content, Reader, files_in, packed, unpack

RUN, READS = "run", "reads"
"""Folders of a task on a node: the one above its run folder, and all else that it reads."""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A task on its way to a node; all of it is data.

    Attributes:
        request: The call, as `edgekit.core.child_process.request_for` writes it.
        run: Name of the run folder.
        files: Path on the node -> what is to stand there.
        moved: Path on the sender's machine -> path on the node, of what the call names.
        leaves: Names of files that do not come back.
        edition: Of the sender.
    """

    request: Mapping[str, Json]
    run: str
    files: Mapping[str, Content]
    moved: Mapping[str, str]
    leaves: tuple[str, ...]
    edition: Mapping[str, str]

    @property
    def run_files(self) -> dict[str, Content]:
        """The files of the run folder, by their paths in it."""
        start = f"{RUN}/{self.run}/"
        return {k.removeprefix(start): v for k, v in self.files.items() if k.startswith(start)}


@dataclass(frozen=True, kw_only=True)
class Return:
    """What comes back: the answer, all files of the run folder, and the content of new ones."""

    answer: Mapping[str, Json]
    files: Mapping[str, Content]
    blobs: Mapping[str, bytes]


@cache
def edition() -> dict[str, str]:
    """Return what has to be the same on all machines: the code of edgekit, and its packages."""
    digest = hashlib.sha256()
    for root in (packaged(), packaged("recipes").resolve(), packaged("converters").resolve()):
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{path.relative_to(root)} ".encode() + path.read_bytes())
    return {**versions(), "code of edgekit": digest.hexdigest()[:12]}


def run(errand: Errand, contents: Callable[[], Sequence[bytes]]) -> Return:
    """Run a task in a folder of its own, which is removed.

    Args:
        errand: The task.
        contents: Gives what the files hold, in any order.
    """
    if refusal := _other_edition(errand.edition):
        error = {"foreseen": True, "kind": "Unavailable", "message": refusal, "traceback": ""}
        return Return(answer={"error": error}, files={}, blobs={})
    with _scratch() as root:
        blobs = {hashlib.sha256(each).hexdigest(): each for each in contents()}
        unpack(root, errand.files, blobs)
        moved = {was: str(root / now) for was, now in errand.moved.items()}
        arguments = _replaced(errand.request["arguments"], moved)
        answer = answer_to({**errand.request, "arguments": arguments})
        new: dict[str, bytes] = {}

        def keep(sha256: str, content: bytes) -> None:
            if sha256 not in blobs:
                new[sha256] = content

        here = files_in(root / RUN / errand.run, (*errand.leaves, PLAN))  # which names our paths
        return Return(answer=answer, files=packed(here, Reader(), keep), blobs=new)


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder that is removed in the end; those of tasks that were killed go first."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), left.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its task runs
            shutil.rmtree(left.parent)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        outside = Path(f"{name}.{_LOCK}")
        with outside.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            outside.rename(Path(name) / _LOCK)  # so that nobody finds one that is not held yet
            yield Path(name)


_PREFIX, _LOCK = "edgekit-task-", "lock"


def _other_edition(theirs: Mapping[str, str]) -> str:
    """Return the sentence that refuses a sender whose edition is another; "" for the same."""
    ours = edition()
    for name in theirs:
        if theirs[name] != ours.get(name):
            return (
                f"The node {platform.node()} has another edition of edgekit or its packages: "
                f"{name} is {ours.get(name)} there and {theirs[name]} here; install the same on "
                "all machines, and start Ray there again."
            )
    return ""


def _replaced(value: Json, moved: Mapping[str, str]) -> Json:
    """Return a JSON value with the node's own path for each text that is one of the sender's."""
    if isinstance(value, str):
        inside = (was for was in moved if value == was or value.startswith(f"{was}/"))
        was = max(inside, key=len, default=None)  # the innermost
        return value if was is None else moved[was] + value.removeprefix(was)
    if isinstance(value, list):
        return [_replaced(each, moved) for each in value]
    if isinstance(value, dict):
        return {key: _replaced(each, moved) for key, each in value.items()}
    return value
