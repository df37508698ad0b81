"""Start other programs, and say how they ended.

Each runs in a process group of its own, so that what it starts in turn, such as the helpers of an
emulator, ends with it. A program that is missing, hangs or crashes becomes a sentence or a name.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgekit.core.errors import Unavailable

Process = subprocess.Popen[bytes]

SUCCESS = "exit code 0"
TIMEOUT = "timeout"
"""How a program ended that was killed because it took too long."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A program that has ended.

    Attributes:
        ending: How, such as `exit code 2`, `SIGSEGV` or `timeout`.
        stdout: What it printed; of one that was killed, what it printed until then.
        stderr: What it printed to standard error.
    """

    ending: str
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and reported success."""
        return self.ending == SUCCESS

    def cause(self, *prefixes: str) -> str:
        """Return the line of standard error that says why it failed, at most 200 characters.

        Args:
            *prefixes: The first line that begins with one of these is taken; else the last line.

        Returns:
            The line, or how the program ended if it said nothing.
        """
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        marked = [line for line in lines if prefixes and line.startswith(prefixes)]
        return (marked[:1] or lines[-1:] or [self.ending])[0][:200]


def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float | None = None,
) -> Finished:
    """Run a program without input until it ends, and return what it printed.

    Args:
        arguments: The program and its arguments; no shell reads them.
        env: The whole environment; this process's own if None.
        cwd: The folder it runs in.
        timeout_s: It is killed, with all that it started, after this many seconds.

    Raises:
        Unavailable: There is no such program, or it cannot be started.
    """
    with _popen(arguments, env, cwd, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        printed: tuple[bytes | None, bytes | None]
        try:
            printed = process.communicate(timeout=timeout_s)
            ending = ending_of(process.returncode)
        except subprocess.TimeoutExpired as error:
            end(process)
            printed, ending = (error.stdout, error.stderr), TIMEOUT
        except BaseException:  # such as Ctrl-C: leave no orphan behind
            end(process)
            raise
    stdout, stderr = ((text or b"").decode(errors="replace") for text in printed)
    return Finished(ending=ending, stdout=stdout, stderr=stderr)


def start(
    arguments: Sequence[str], *, log: IO[bytes], env: Mapping[str, str] | None = None
) -> Process:
    """Start a program that is talked with through its standard input and output.

    Args:
        arguments: The program and its arguments; no shell reads them.
        log: The open file that its standard error goes to.
        env: The whole environment; this process's own if None.

    Raises:
        Unavailable: There is no such program, or it cannot be started.
    """
    return _popen(arguments, env, None, stdin=subprocess.PIPE, stderr=log.fileno())


def without_current_folder() -> dict[str, str]:
    """Return our environment, so that a Python started in it imports nothing that lies here.

    An empty entry of PYTHONPATH is the current folder; so is what `-c` and `-m` put first, unless
    PYTHONSAFEPATH is set, which Python 3.11 and newer know.
    """
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    elsewhere = os.pathsep.join(path for path in paths if path not in ("", "."))
    return {**os.environ, "PYTHONPATH": elsewhere, "PYTHONSAFEPATH": "1"}


@contextlib.contextmanager
def killed_after(process: Process, timeout_s: float) -> Iterator[threading.Event]:
    """Kill a process made by `start`, with all that it started, if the block takes too long.

    Gives an event that is set before the process is killed.
    """
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        kill(process)

    timer = threading.Timer(timeout_s, expire)
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        timer.join()


def limit_written(process: Process, most_bytes: int) -> None:
    """End a process by SIGXFSZ, on Linux, where it makes a file larger than this, or its log."""
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def kill_all() -> None:
    """Kill all that was started and still runs, so that threads which wait for it go on."""
    for process in list(_STARTED):
        kill(process)


_STARTED: weakref.WeakSet[Process] = weakref.WeakSet()


def kill(process: Process) -> None:
    """Kill a process made by `start`, with all that it started, if it still runs."""
    if process.returncode is not None:  # waited for: the number may be another's now
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS, if it has just ended
        os.killpg(process.pid, signal.SIGKILL)


def end(process: Process, *, grace_s: float = 0.0) -> str:
    """Make sure that a process made by `start` has ended, and return how.

    Args:
        process: It is killed, with all that it started, if it does not end by itself.
        grace_s: Seconds it has for that.
    """
    if grace_s:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace_s)
    kill(process)
    return ending_of(process.wait())


def ending_of(code: int) -> str:
    """Name how a process ended from its exit code: `SIGSEGV`, or `exit code 3`.

    Python reports a signal as its negative number, shells and emulators as 128 + its number.
    """
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"exit code {code}"


def _popen(
    arguments: Sequence[str],
    env: Mapping[str, str] | None,
    cwd: Path | None,
    *,
    stdin: int,
    stderr: int,
) -> Process:
    try:
        process = subprocess.Popen(
            arguments,
            env=env,
            cwd=cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"edgekit cannot start '{arguments[0]}': {error.strerror}.") from error
    _STARTED.add(process)
    return process
