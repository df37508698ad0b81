"""A Ray cluster as a crew: tasks run on its nodes, and again elsewhere where a node is lost.

Ray is imported here alone. What a task reads and writes crosses through its object store, by
content; nodes share no disk. Studies and run folders stay on the machine that asks.

Source: Moritz et al., Ray: A Distributed Framework for Emerging AI Applications, OSDI 2018,
https://arxiv.org/abs/1712.05889.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from edgekit.building.run_folder import PLAN
from edgekit.core.child_process import request_for, result_of
from edgekit.core.errors import Unavailable, reason
from edgekit.core.types import Progress
from edgekit.tasks.crew import Needs
from edgekit.tasks.joining import join
from edgekit.tasks.node import READS, RUN, Errand, Return, edition
from edgekit.tasks.node import run as run_errand
from edgekit.tasks.parcel import Reader, files_in, packed, unpack

if TYPE_CHECKING:
    from ray import ObjectRef

P = ParamSpec("P")
T = TypeVar("T")

MOST_RETRIES = 3
"""How often a task runs again whose node or process was lost."""

PATIENCE_S = 300.0
"""A cluster may be for so long without a node that could run a task that waits."""

_GRACE_S = 10.0
_STOPPED = "The cluster does no more for this search or build, which was stopped."


class RayCluster:
    """A crew of the nodes of a Ray cluster, of which this machine is one.

    Args:
        address: Of its head, `HOST:PORT`.

    Raises:
        BadInput: It is no address.
        Unavailable: Ray is not installed, or does not let us in; said within two minutes.
    """

    def __init__(self, address: str) -> None:
        join(address)
        import ray

        self._task = ray.remote(_on_node)
        self._address = address
        self._calls = threading.Condition()
        self._running, self._closed = 0, False
        self._lock = threading.Lock()
        self._reader = Reader()
        self._stored: dict[str, ObjectRef[bytes]] = {}

    def __enter__(self) -> RayCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import ray

        with self._calls:
            self._closed = True
            # Ray ends a process in which a thread still asks after it was shut down.
            self._calls.wait_for(lambda: not self._running, timeout=_GRACE_S)
        ray.shutdown()

    def require(self, needs: Needs) -> None:
        """Refuse tasks that no node which is there now has room for.

        Raises:
            Unavailable: None of them has, or has the board.
        """
        nodes = _nodes()
        for board in needs.boards:
            if not any(node.get(board) for node in nodes):
                raise Unavailable(
                    f"No node of the cluster at {self._address} has the resource '{board}'; on a "
                    f"machine that reaches it run: ray start --address={self._address} "
                    f"--resources='{{\"{board}\": 1}}'"
                )
        if not self.slots(needs):
            most = max((node.get("CPU", 0.0) for node in nodes), default=0.0)
            memory = max((node.get("memory", 0.0) for node in nodes), default=0.0)
            raise Unavailable(
                f"No node of the cluster at {self._address} has room: a task asks for "
                f"{needs.cpus} CPU and {needs.memory_bytes / 1e9:.1f} GB, and they offer at most "
                f"{most:g} and {memory / 1e9:.1f} GB; start another node with `ray start`."
            )

    def slots(self, needs: Needs) -> int:
        """Return how many such tasks the nodes that are there now can run at once."""
        return sum(_fitting(node, needs) for node in _nodes())

    def call(
        self,
        needs: Needs,
        progress: Progress,
        function: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run the function on a node; of its progress only the start comes back."""
        progress(0.0, "on the cluster")
        with self._counted():
            errand, contents = self._errand(needs, request_for(function, *args, **kwargs))
            returned = self._waited(needs, errand, contents)
            self._take(needs.folder.absolute(), errand, returned)
        result = result_of(function, returned.answer)
        for name in set(errand.run_files) - set(returned.files) - {PLAN}:  # which the task removed
            (needs.folder / name).unlink(missing_ok=True)
        return result

    def _errand(
        self, needs: Needs, request: Mapping[str, object]
    ) -> tuple[Errand, list[ObjectRef[bytes]]]:
        """Return a task with its files named by content, and where the contents are stored."""
        import ray

        folder = needs.folder.absolute()
        files = {f"{RUN}/{folder.name}/{k}": v for k, v in files_in(folder, needs.leaves).items()}
        moved = {str(folder.parent): RUN}
        for path in map(Path.absolute, needs.reads):
            moved[str(path)] = f"{READS}{path}"
            inside = files_in(path) if path.is_dir() else {"": path}
            files |= {f"{READS}{path}/{name}".rstrip("/"): file for name, file in inside.items()}

        def keep(sha256: str, content: bytes) -> None:
            if sha256 not in self._stored:
                self._stored[sha256] = ray.put(content)

        with self._lock:
            contents = packed(files, self._reader, keep)
            wanted = {each.sha256 for each in contents.values()}
            stored = [self._stored[sha256] for sha256 in sorted(wanted)]
        errand = Errand(
            request=request,
            run=folder.name,
            files=contents,
            moved=moved,
            leaves=needs.leaves,
            edition=edition(),
        )
        return errand, stored

    def _waited(self, needs: Needs, errand: Errand, contents: list[ObjectRef[bytes]]) -> Return:
        """Run a task somewhere, and wait for it as long as there is hope."""
        import ray
        from ray.exceptions import RayError

        task = self._task.options(
            num_cpus=needs.cpus,
            memory=needs.memory_bytes,
            resources=dict.fromkeys(needs.boards, 1.0),
            max_retries=MOST_RETRIES,
        )
        try:
            waiting = task.remote(errand, contents)
            hopeful = time.monotonic()
            while not ray.wait([waiting], timeout=1.0)[0]:
                if self._closed:
                    ray.cancel(waiting)  # it tidies up
                    ray.wait([waiting], timeout=_GRACE_S / 2)
                    raise Unavailable(_STOPPED)
                if any(_fitting(node, needs) for node in _nodes()):
                    hopeful = time.monotonic()
                if time.monotonic() - hopeful > PATIENCE_S:
                    raise Unavailable(
                        f"The cluster at {self._address} has had no node with room for a task for "
                        f"{PATIENCE_S / 60:g} minutes; start one with `ray start`, and ask again: "
                        "what was done is kept."
                    )
            returned: Return = ray.get(waiting)
        except RayError as error:
            raise Unavailable(
                f"The cluster at {self._address} could not run a task: {reason(error)}. Every node "
                "needs this edgekit; ask again: what was done is kept."
            ) from error
        return returned

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Count the calls that run."""
        with self._calls:
            if self._closed:
                raise Unavailable(_STOPPED)
            self._running += 1
        try:
            yield
        finally:
            with self._calls:
                self._running -= 1
                self._calls.notify_all()

    def _take(self, folder: Path, errand: Errand, returned: Return) -> None:
        """Write what a task wrote, also one that failed: it goes on from there."""
        import ray

        sent = errand.run_files
        news = {name: each for name, each in returned.files.items() if sent.get(name) != each}
        # What a file holds now may have been sent to the node, under this name or another.
        ours = {each.sha256 for each in news.values()} - set(returned.blobs)
        blobs = {sha256: ray.get(self._stored[sha256]) for sha256 in ours}
        unpack(folder, news, {**returned.blobs, **blobs})


def _on_node(errand: Errand, contents: list[ObjectRef[bytes]]) -> Return:
    import ray

    return run_errand(errand, lambda: ray.get(contents))


def _nodes() -> list[dict[str, float]]:
    """Return what each node offers: `CPU`, `memory` in bytes, resources of its own."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _fitting(node: Mapping[str, float], needs: Needs) -> int:
    """Return how many tasks a node has room for, when nothing else runs there."""
    rooms = [
        node.get("CPU", 0.0) / needs.cpus,
        node.get("memory", 0.0) / needs.memory_bytes,
        *(node.get(board, 0.0) for board in needs.boards),
    ]
    return int(min(rooms))
