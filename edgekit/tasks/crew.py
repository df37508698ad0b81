"""A crew is where tasks run: processes of this machine, or a cluster behind the same interface."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

from edgekit.core.child_process import Child
from edgekit.core.errors import BadInput
from edgekit.core.parallel import MOST_WORKERS
from edgekit.core.types import Progress

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT_S = 24 * 3600.0
"""A build of the largest recipe trains for hours; what hangs longer is ended."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a task needs of whatever runs it.

    Attributes:
        folder: The run folder that it reads and writes; its arguments name the folder above.
        reads: Other files and folders that its arguments name, such as a user's own data.
        leaves: Names of files in the run folder that are not the task's.
        cpus: Of which the task keeps busy so many, 1 or more.
        memory_bytes: That it takes at most.
        boards: Resources that one task at a time may hold; see `board_of`.
    """

    folder: Path
    reads: tuple[Path, ...] = ()
    leaves: tuple[str, ...] = ()
    cpus: int = 1
    memory_bytes: int = 2_000_000_000
    boards: tuple[str, ...] = ()


class Crew(Protocol):
    """Where tasks run. Use it in a `with` block; calls may come from several threads at once."""

    def __enter__(self) -> Crew: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def require(self, needs: Needs) -> None:
        """Refuse tasks that nothing here could run.

        Raises:
            Unavailable: None of them can run now.
        """

    def slots(self, needs: Needs) -> int:
        """Return how many such tasks can run at once now."""

    def call(
        self,
        needs: Needs,
        progress: Progress,
        function: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a module's function elsewhere and return its result; what it writes is here then.

        Args:
            needs: Of this task.
            progress: Told what the function reports, as far as that comes back.
            function: Of a module; arguments and result cross as JSON, paths of `needs` as files.
            *args: Of the function.
            **kwargs: Of the function.

        Raises:
            EdgekitError: The function raised one, or died; or nothing is left that could run it.
        """


class ThisMachine:
    """A crew of child processes."""

    def __init__(self, workers: int) -> None:
        if not 1 <= workers <= MOST_WORKERS:
            raise BadInput(f"workers is {workers}; allowed are 1 to {MOST_WORKERS}.")
        self._workers = workers
        self._boards: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def __enter__(self) -> ThisMachine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: `at_once`, in whose threads tasks run, ends them."""

    def require(self, needs: Needs) -> None:
        """Refuse nothing: whether tasks fit is the user's to say."""

    def slots(self, needs: Needs) -> int:
        """Return the number of workers."""
        return self._workers

    def call(
        self,
        needs: Needs,
        progress: Progress,
        function: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run the function in a child process."""
        with self._holding(needs.boards):
            child = Child(progress=progress, timeout_s=TIMEOUT_S)
            return child.call(function, *args, **kwargs)

    @contextlib.contextmanager
    def _holding(self, boards: tuple[str, ...]) -> Iterator[None]:
        with contextlib.ExitStack() as held:
            for name in sorted(boards):  # in one order, so that no two wait for each other
                held.enter_context(self._boards[name])
            yield


def board_of(device: str) -> str:
    """Return the name of the resource that measuring on a device holds; "" for this machine.

    Args:
        device: Such as `ssh://pi@raspberrypi`, which is `board:raspberrypi`, or `adb:SERIAL`.

    Example:
        >>> board_of("ssh://pi@raspberrypi:22/usr/bin/python3"), board_of("local")
        ('board:raspberrypi', '')
    """
    kind, _, rest = device.partition(":")
    if rest.startswith("//"):
        return f"board:{urlsplit(device).hostname}"
    return f"board:{rest or kind}" if kind == "adb" else ""
