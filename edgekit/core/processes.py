"""Start other programs and say how they ended, in one place.

A program that is missing, hangs or dies is a sentence for the user, never a traceback.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import Unavailable

TIMEOUT = "timeout"
"""How a process ended that was killed because it took too long."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A program that has ended.

    Attributes:
        ending: "" if it succeeded, else `exit code 2`, `SIGSEGV`, `timeout`.
        stdout: What it printed.
        stderr: What it complained of.
    """

    ending: str
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and reported success."""
        return not self.ending

    def cause(self, *prefixes: str) -> str:
        """Return the line of standard error that says why it failed, at most 200 characters.

        Args:
            *prefixes: The first line that begins with one of these is taken; else the last line.
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
    """Run a program to its end, without input, and return what it printed.

    Args:
        arguments: The program and its arguments; no shell reads them.
        env: The whole environment; this process's own if None.
        cwd: The folder it runs in.
        timeout_s: It is killed, with all that it started, after this many seconds.

    Raises:
        Unavailable: The program is not there or cannot be started.
    """
    process = start(arguments, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
        ending = ending_of(process.returncode)
    except subprocess.TimeoutExpired:
        ending = TIMEOUT
        end(process)
        stdout, stderr = process.communicate()
    except BaseException:  # such as Ctrl-C: leave no orphan behind
        end(process)
        raise
    texts = [text.decode(errors="replace") for text in (stdout, stderr or b"")]
    return Finished(ending=ending, stdout=texts[0], stderr=texts[1])


def start(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int = subprocess.PIPE,
    stderr: int,
) -> subprocess.Popen[bytes]:
    """Start a program whose standard output we read, in a process group of its own.

    So all that it starts, such as qemu's helpers, can be ended with it: see `end`.

    Raises:
        Unavailable: The program is not there or cannot be started.
    """
    try:
        return subprocess.Popen(
            arguments,
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"'{arguments[0]}' cannot be started: {error.strerror}.") from error


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process made by `start` and all that it started, if it still runs."""
    if process.returncode is not None:  # waited for: the number may be another's now
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process made by `start`, with all that it started, and wait until it is gone."""
    kill(process)
    process.wait()


def ending_of(code: int) -> str:
    """Name how a process ended: "" for success, `SIGSEGV`, or `exit code 3`.

    Shells and emulators report a signal as 128 + its number.
    """
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"exit code {code}" if code else ""
