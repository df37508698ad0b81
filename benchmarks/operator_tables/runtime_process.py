"""A runtime in a process of its own that is asked about files and may die of them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.core.kinds import Command

_WORKER = Path(__file__).with_name("probe_worker.py")


@dataclass
class Worker:
    """A runtime's process; started again when it dies."""

    command: Command
    timeout_s: float = 60.0
    _process: subprocess.Popen[str] | None = None
    _log: Any = None

    def stop(self) -> None:
        """End the process; the next question starts a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, **request: object) -> tuple[bool, str, str]:
        """Return whether it worked, the error, and what the runtime logged meanwhile."""
        if self._process is None or self._process.poll() is not None:
            self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  (kept)
            self._process = subprocess.Popen(
                [*self.command.argv, str(_WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._log, text=True, cwd=tempfile.gettempdir(),
                env={**os.environ, **self.command.env},
            )  # fmt: skip
        start = os.fstat(self._log.fileno()).st_size
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], self.timeout_s)
        line = self._process.stdout.readline() if ready else ""
        log = os.pread(self._log.fileno(), 1 << 16, start).decode(errors="replace")
        if not line:
            self.stop()
            return False, "no answer in time" if not ready else "crashes", log
        answer = json.loads(line)
        return answer["ok"], answer.get("error", ""), log
