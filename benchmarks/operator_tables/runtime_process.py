"""A runtime in a process of its own, which is asked about files and may die of them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from edgekit.core import processes
from edgekit.core.kinds import Command

_WORKER = Path(__file__).with_name("probe_worker.py")


class Worker:
    """A runtime's process; it is started again after it has died."""

    def __init__(
        self, command: Command, *, arguments: Sequence[str] = (), timeout_s: float = 60.0
    ) -> None:
        """Remember how to start it.

        Args:
            command: Starts a Python that can import the runtime.
            arguments: Of `probe_worker`.
            timeout_s: The process is killed when it has not answered after this many seconds.
        """
        self._command = command
        self._arguments = arguments
        self._timeout_s = timeout_s
        self._process: processes.Process | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this)

    def stop(self) -> None:
        """End the process; the next question starts a new one."""
        if self._process is not None:
            with self._process:  # closes its pipes
                processes.end(self._process)
            self._process = None

    def close(self) -> None:
        """End the process and remove its log; nothing can be asked any more."""
        self.stop()
        self._log.close()

    def ask(self, **request: object) -> tuple[bool, str, str]:
        """Return whether it worked, the error, and what the runtime logged meanwhile."""
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            arguments = [*self._command.argv, str(_WORKER), *self._arguments]
            env = {**os.environ, **self._command.env}
            self._process = processes.start(arguments, log=self._log, env=env)
        process, log_start = self._process, os.fstat(self._log.fileno()).st_size
        assert process.stdin is not None
        assert process.stdout is not None
        with processes.killed_after(process, self._timeout_s) as expired:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        log = os.pread(self._log.fileno(), 1 << 16, log_start).decode(errors="replace")
        if not line:
            self.stop()
            return False, "no answer in time" if expired.is_set() else "crashes", log
        answer = json.loads(line)
        return answer["ok"], answer.get("error", ""), log
