"""Run one function in a child process, so that a crash is a diagnosis and not our end.

TensorFlow's converter and calibrator can die by SIGSEGV, tfmot changes the process's environment
when imported, and TensorFlow logs to stderr. A child keeps all of that away from the caller.
Arguments and results are JSON; arrays and models cross as files.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import IO, Any

from edgekit.errors import EdgekitError, error_class
from edgekit.types import Progress, silent


class ChildDied(EdgekitError):
    """The child process ended by a signal, ran out of time, or raised an unforeseen exception.

    Attributes:
        cause: Name of the signal (`SIGSEGV`), `timeout`, or the name of the exception.
        log_tail: The last lines the child printed.
    """

    def __init__(self, message: str, *, cause: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.cause = cause
        self.log_tail = log_tail


def call(
    function: str,
    /,
    *,
    timeout_s: float = 3600.0,
    progress: Progress = silent,
    env: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Any:
    """Call `module:function` with JSON arguments in a fresh process and return its JSON result.

    Args:
        function: Import path such as `edgekit.training:train_reference`.
        timeout_s: The child is killed after this many seconds.
        progress: Told what the child reports through `report_progress`.
        env: Variables to add to the child's environment.
        **arguments: Keyword arguments of the function; JSON values only.

    Raises:
        EdgekitError: The function raised one; the same class and sentence are raised here.
        ChildDied: The process crashed, hung, or raised anything else.
    """
    request = json.dumps({"function": function, "arguments": arguments})
    with tempfile.TemporaryFile() as log:
        answer, status = _run(request, timeout_s, progress, env or {}, log)
        log.seek(0)
        tail = b"\n".join(log.read().splitlines()[-40:]).decode(errors="replace")
    if answer is None:
        raise ChildDied(
            f"{function} ended with {status} before it had a result", cause=status, log_tail=tail
        )
    if "error" in answer:
        raise _error(answer["error"], tail)
    return answer["result"]


def report_progress(fraction: float, doing: str) -> None:
    """Tell the parent how far this child is: a fraction in 0..1 and what it is doing."""
    _send({"progress": [fraction, doing]})


def _run(
    request: str, timeout_s: float, progress: Progress, env: Mapping[str, str], log: IO[bytes]
) -> tuple[dict[str, Any] | None, str]:
    """Start the child and read its messages; return its answer, and how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "edgekit.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **env},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(timeout_s, expire)
    timer.start()
    try:
        process.stdin.write(request.encode())
        process.stdin.close()
        answer = _read(process.stdout, progress)
        process.wait()
    except BrokenPipeError:
        answer = None
        process.wait()
    except BaseException:  # such as Ctrl-C: leave no orphan behind
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
        process.stdout.close()
    return answer, "timeout" if expired.is_set() else _status(process.returncode)


def _read(stream: IO[bytes], progress: Progress) -> dict[str, Any] | None:
    answer = None
    for line in stream:
        message = json.loads(line)
        if "progress" in message:
            progress(*message["progress"])
        else:
            answer = message
    return answer


def _status(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _error(error: Mapping[str, str], tail: str) -> EdgekitError:
    if error["foreseen"]:
        return error_class(error["kind"])(error["message"])
    return ChildDied(
        f"{error['kind']}: {error['message']}",
        cause=error["kind"],
        log_tail=f"{tail}\n{error['traceback']}".strip(),
    )


def _send(message: Mapping[str, Any]) -> None:
    if _CHANNEL is not None:
        _CHANNEL.write(json.dumps(message) + "\n")
        _CHANNEL.flush()


def _answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    module, _, name = request["function"].partition(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return {"result": function(**request["arguments"])}
    except Exception as error:
        return {
            "error": {
                "foreseen": isinstance(error, EdgekitError) and not isinstance(error, ChildDied),
                "kind": type(error).__name__,
                "message": str(error),
                "traceback": traceback.format_exc(),
            }
        }


_CHANNEL: IO[str] | None = None
"""Where a child's messages go; in the parent there is none, and progress is told to nobody."""


def _main() -> None:
    """Entry point of the child: one request on stdin, messages on the stdout we were given."""
    import edgekit.child as module  # not `__main__`: `report_progress` is imported from there

    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    request = json.loads(sys.stdin.buffer.read())
    module._CHANNEL = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print goes to the log
    module._send(module._answer(request))


def _end_with(parent: int) -> None:
    """End this process soon after its parent did, so that a killed build leaves no trainer."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    _main()
