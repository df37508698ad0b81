"""Start a worker process and ask it things; its death, silence and refusals become exceptions.

The process is `edgekit.running.worker`, on whatever device a `Command` starts a Python on.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from edgekit.core.errors import (
    EdgekitError,
    ModelRefused,
    Unavailable,
    WorkerDied,
    WorkerTimeout,
    error_class,
)
from edgekit.core.kinds import Command
from edgekit.core.types import Array, Batch
from edgekit.running import worker

Answer = tuple[dict[str, Any], dict[str, Array]]

_NO_CAUSE = (
    "INFO:",
    "I0",
    "W0",
    "WARNING:",
    "Warning:",
    "└",
    "=== Source Location",
    "third_party/",
)
"""Starts of lines that interpreters log when nothing, or nothing new, is wrong."""


class Worker:
    """A worker process: give it a request, get its answer. Close it, or use it in a `with`."""

    def __init__(self, command: Command, *, where: str) -> None:
        """Start the process.

        Args:
            command: Starts a Python that can import NumPy and the interpreter.
            where: What to call it in error sentences, such as "litert on local".

        Raises:
            Unavailable: The program that starts it is not there.
        """
        self._where = where
        self._fresh = True
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in `close`)
        try:
            self._process = subprocess.Popen(
                command.python(worker.BOOTSTRAP),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**os.environ, **command.env},
                start_new_session=True,  # so that all of it, such as qemu's helpers, can be killed
            )
        except OSError as error:
            self._log.close()
            program = command.argv[0]
            raise Unavailable(f"{where} cannot start '{program}': {error.strerror}.") from error

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(
        self, command: str, arrays: Batch, *, timeout_s: float, **fields: str | int | bool
    ) -> Answer:
        """Send a request and return the fields and arrays of the answer.

        Args:
            command: One of those in the docstring of `edgekit.running.worker`.
            arrays: What goes with it; names are strings of tensor indices, or "model".
            timeout_s: The process is killed when it has not answered after this many seconds.
            **fields: Further fields of the request.

        Raises:
            WorkerTimeout: It did not answer in time.
            WorkerDied: It ended without an answer, now or earlier.
            EdgekitError: It says why it cannot; the class it names, such as `ModelRefused`.
        """
        if self._log.closed:
            raise WorkerDied(f"{self._where} was closed; open it again.")
        # The margin lets the killing here come first; the limit there is for a lost connection.
        request = {"command": command, "limit_s": int(timeout_s) + 30, **fields}
        log_start = self._log.seek(0, os.SEEK_END)
        expired = threading.Event()
        with self._killed_after(timeout_s, expired):
            message, stray = self._exchange(request, arrays)
        if expired.is_set():
            raise WorkerTimeout(
                f"{self._where} did not answer '{command}' within {timeout_s:g} s and was ended; "
                "allow more time, or the model hangs there."
            )
        if message is None:
            raise WorkerDied(self._obituary(command, stray))
        header, found = message
        if "error" in header:
            raise self._error(header["error"], log_start)
        return header, found

    def log(self, start: int = 0) -> str:
        """Return what the process and its libraries printed, from a position in bytes."""
        if self._log.closed:
            return ""
        self._log.seek(start)
        return self._log.read().decode(errors="replace")

    def close(self) -> None:
        """End the process; leaves nothing behind."""
        with contextlib.suppress(OSError):
            self._stream("stdin").close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._kill()
        finally:
            self._process.wait()
            self._stream("stdout").close()
            self._log.close()

    def _exchange(self, request: Mapping[str, Any], arrays: Batch) -> tuple[Answer | None, str]:
        """Write the request and read the answer, or None and what came instead."""
        with contextlib.suppress(OSError):  # it has ended; what it left is still read
            if self._fresh:
                source = Path(worker.__file__).read_bytes()
                self._stream("stdin").write(len(source).to_bytes(4, "big") + source)
                self._fresh = False
            worker.write_message(self._stream("stdin"), request, arrays)
        try:
            return worker.read_message(self._stream("stdout")), ""
        except worker.ProtocolError as error:
            return None, str(error)

    @contextlib.contextmanager
    def _killed_after(self, timeout_s: float, expired: threading.Event) -> Iterator[None]:
        def expire() -> None:
            expired.set()
            self._kill()

        timer = threading.Timer(timeout_s, expire)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _kill(self) -> None:
        if self._process.returncode is not None:  # waited for: the number may be another's now
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _stream(self, name: str) -> IO[bytes]:
        stream: IO[bytes] | None = getattr(self._process, name)
        assert stream is not None  # both are pipes
        return stream

    def _obituary(self, command: str, stray: str) -> str:
        if stray:
            self._kill()
            return f"{self._where} sent {stray}; nothing but the worker may print there."
        try:
            code = self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:  # it closed its output and lives on
            self._kill()
            code = self._process.wait()
        last = _last_cause(self.log())
        said = f'; it last said: "{last}"' if last else ""
        return f"{self._where} ended by {_status(code)} at '{command}'{said}."

    def _error(self, error: Mapping[str, str], log_start: int) -> EdgekitError:
        kind = error_class(error["kind"])
        reason = _first_error(self.log(log_start)) or _one_line(error["message"])
        verb = "refuses the file" if kind is ModelRefused else "cannot start"
        return kind(f"{self._where} {verb}: {reason}.")


def _status(code: int) -> str:
    """Name an exit code; shells and emulators report a signal as 128 + its number."""
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"exit code {code}"


def _last_cause(log: str) -> str:
    lines = [line.strip() for line in log.splitlines()]
    causes = [line for line in lines if line and not line.startswith(_NO_CAUSE)]
    return _one_line(causes[-1]) if causes else ""


def _first_error(log: str) -> str:
    """The first error an interpreter logged: later ones, and its exception, say what followed."""
    lines = log.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("ERROR: ")), len(lines))
    if not lines[start:]:
        return ""
    of_operator = re.compile(r"(?!INFO|WARNING)[A-Z0-9_]+: ").match
    listed = itertools.takewhile(of_operator, lines[start + 1 :])
    operators = sorted({line.partition(". ")[0].rstrip(".") for line in listed})  # no tensor names
    more = [f"and {len(operators) - 3} more"] if len(operators) > 3 else []
    return ": ".join(filter(None, [_one_line(lines[start]), "; ".join([*operators[:3], *more])]))


def _one_line(text: str, limit: int = 240) -> str:
    """The first line that says something, without the place in the source that says it."""
    lines = [re.sub(r"^└? ?(ERROR: )?(\[[^\]]*:\d+\] ?)?", "", line) for line in text.splitlines()]
    line = next((line.strip().rstrip(".:;") for line in lines if line.strip()), "no reason given")
    return line if len(line) <= limit else line[: limit - 1] + "…"
