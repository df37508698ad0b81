"""Start a worker process and send it requests; its death, silence and refusals become exceptions.

The process runs `edgekit.running.worker`, on whatever device a `Command` starts a Python.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TypeVar

import numpy as np

from edgekit.core import processes
from edgekit.core.errors import (
    BadData,
    EdgekitError,
    ModelRefused,
    Unavailable,
    WorkerDied,
    WorkerTimeout,
    error_class,
)
from edgekit.core.kinds import Command
from edgekit.core.paths import packaged
from edgekit.core.records import Json, from_json
from edgekit.core.types import Batch
from edgekit.running import worker

T = TypeVar("T")

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
"""How lines begin that interpreters log when nothing, or nothing new, is wrong."""


_OF_AN_ERROR = ("kind", "message")
_REMEDY = "look what answers there in place of edgekit's worker"

_MOST_LOG_BYTES = 1 << 30
"""What a worker may print before it is ended, and the largest file that it may write."""

_SHOWN_LOG_BYTES = 1 << 22


@dataclass(frozen=True, kw_only=True)
class Details:
    """An input or output, as a worker tells of it."""

    index: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a worker answers when it has loaded a file."""

    inputs: tuple[Details, ...]
    outputs: tuple[Details, ...]
    info: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """What a worker answers beside latencies."""

    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Latency of single invocations, timed inside the worker, warm-up left out.

    Attributes:
        latencies_ms: One per run.
        peak_memory_bytes: Largest resident size of the worker process.
        adapter: What an accelerator ran on; "" for a CPU.
    """

    latencies_ms: tuple[float, ...]
    peak_memory_bytes: int
    adapter: str = ""

    @property
    def median_ms(self) -> float:
        """Median latency in milliseconds."""
        return float(np.median(self.latencies_ms))

    @property
    def p90_ms(self) -> float:
        """90th percentile of the latency in milliseconds."""
        return float(np.percentile(self.latencies_ms, 90))


class Worker:
    """A worker process that answers requests; close it, or use it in a `with` block."""

    def __init__(self, command: Command, *, where: str) -> None:
        """Start the process.

        Args:
            command: Starts a Python that can import NumPy and the interpreter.
            where: Its name in error sentences, such as "litert on local".

        Raises:
            Unavailable: The program that starts it is not there.
        """
        self._where = where
        self._fresh = True
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in `close`)
        try:
            arguments = command.python(worker.BOOTSTRAP)
            env = {**processes.without_current_folder(), **command.env}
            self._process = processes.start(arguments, log=self._log, env=env)
            processes.limit_written(self._process, _MOST_LOG_BYTES)
        except Unavailable as error:
            self._log.close()
            raise Unavailable(f"{where} is not available: {error}") from error

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(
        self,
        command: str,
        arrays: Batch,
        *,
        timeout_s: float,
        most_bytes: int = 0,
        **settings: str | int | bool,
    ) -> worker.Message:
        """Send a request and return the fields and arrays of the answer.

        Args:
            command: One of those in the docstring of `edgekit.running.worker`.
            arrays: What goes with it; names are strings of tensor indices, or "model".
            timeout_s: The process is killed when it has not answered after this many seconds.
            most_bytes: Of arrays that an answer may have.
            **settings: Further fields of the request.

        Raises:
            WorkerTimeout: It did not answer in time.
            WorkerDied: It ended without an answer, now or earlier, or sent something else.
            EdgekitError: It says why it cannot; the class it names, such as `ModelRefused`.
        """
        if self._log.closed:
            raise WorkerDied(f"{self._where} was closed; open it again.")
        # The margin lets the killing here come first; the limit there is for a lost connection.
        request = {"command": command, "limit_s": int(timeout_s) + 30, **settings}
        log_start = self._log.seek(0, os.SEEK_END)
        with processes.killed_after(self._process, timeout_s) as expired:
            message, stray = self._exchange(request, arrays, most_bytes)
        if expired.is_set():
            raise WorkerTimeout(
                f"{self._where} did not answer '{command}' within {timeout_s:g} s and was ended; "
                "allow more time, or the model hangs there."
            )
        if message is None:
            raise WorkerDied(self._obituary(command, stray))
        fields = message[0]
        if "error" in fields:
            raise self._error(fields["error"], log_start)
        return message

    def typed(self, kind: type[T], fields: worker.Fields) -> T:
        """Return the fields of an answer as a dataclass.

        Raises:
            WorkerDied: They are others, or of other types; the process is ended.
        """
        try:
            return from_json(kind, dict(fields), what="answer", remedy=_REMEDY)
        except BadData as error:
            raise self.broken(
                f"a wrong answer: {str(error).removesuffix(f'{_REMEDY}.')}"
            ) from error

    def broken(self, what: str) -> WorkerDied:
        """End the process, and return the exception that says what it sent."""
        processes.kill(self._process)
        return WorkerDied(f"{self._where} sent {what.rstrip(' ;')}; {_REMEDY}.")

    def log(self, start: int = 0) -> str:
        """Return what the process and its libraries printed, from a position in bytes."""
        if self._log.closed:
            return ""
        self._log.seek(start)
        return self._log.read(_SHOWN_LOG_BYTES).decode(errors="replace")

    def close(self) -> None:
        """End the process and remove its log."""
        with contextlib.suppress(OSError):
            self._stream("stdin").close()
        try:
            processes.end(self._process, grace_s=2.0)
        finally:
            self._stream("stdout").close()
            self._log.close()

    def _exchange(
        self, request: worker.Fields, arrays: Batch, most_bytes: int
    ) -> tuple[worker.Message | None, str]:
        """Write the request and read the answer, or None and what came instead."""
        with contextlib.suppress(OSError):  # it has ended; what it left is still read
            if self._fresh:
                source = packaged("running", "worker.py").read_bytes()
                self._stream("stdin").write(len(source).to_bytes(4, "big") + source)
                self._fresh = False
            worker.write_message(self._stream("stdin"), request, arrays)
        try:
            return worker.read_message(self._stream("stdout"), most_bytes), ""
        except worker.ProtocolError as error:
            return None, str(error)

    def _stream(self, name: str) -> IO[bytes]:
        stream: IO[bytes] | None = getattr(self._process, name)
        assert stream is not None  # both are pipes
        return stream

    def _obituary(self, command: str, stray: str) -> str:
        if stray:
            processes.kill(self._process)
            return f"{self._where} sent {stray}; nothing but the worker may print there."
        ending = processes.end(self._process, grace_s=5.0)  # it may close its output and live on
        last = _last_cause(self.log())
        said = f'; it last said: "{last}"' if last else ""
        return f"{self._where} ended by {ending} at '{command}'{said}."

    def _error(self, error: Json, log_start: int) -> EdgekitError:
        if not (isinstance(error, dict) and all(type(error.get(k)) is str for k in _OF_AN_ERROR)):
            return self.broken("an error without a kind and a message")
        kind = error_class(error["kind"])
        reason = _first_error(self.log(log_start)) or _one_line(error["message"])
        verb = "refuses the file" if kind is ModelRefused else "cannot start"
        return kind(f"{self._where} {verb}: {reason}.")


def _last_cause(log: str) -> str:
    lines = [line.strip() for line in log.splitlines()]
    causes = [line for line in lines if line and not line.startswith(_NO_CAUSE)]
    return _one_line(causes[-1]) if causes else ""


def _first_error(log: str) -> str:
    """Return the first error an interpreter logged: the later ones, and its exception, follow."""
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
    """Return the first line that says something, without where in its source it was said."""
    lines = [re.sub(r"^└? ?(ERROR: )?(\[[^\]]*:\d+\] ?)?", "", line) for line in text.splitlines()]
    line = next((line.strip().rstrip(".:;") for line in lines if line.strip()), "no reason given")
    return line if len(line) <= limit else line[: limit - 1] + "…"
