"""Run a function in a process of its own, so that a crash is a diagnosis and not our end.

TensorFlow's converter and calibrator can die by SIGSEGV, tfmot changes the process's environment
when imported, and TensorFlow logs to stderr. A child process keeps all of that away from the
caller. Arguments and results cross as JSON, by the type hints of the function: dataclasses, paths,
numbers, texts and collections of them. Arrays and models cross as files.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import json
import os
import sys
import tempfile
import threading
import time
import traceback
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import IO, Any, ParamSpec, TypeVar

from edgekit.core import processes
from edgekit.core.errors import (
    REMEDIES,
    EdgekitError,
    Unavailable,
    error_class,
    how_to_import,
    sentence_of,
)
from edgekit.core.paths import packaged
from edgekit.core.processes import Process
from edgekit.core.records import Json, from_json, to_json
from edgekit.core.types import Progress, silent

P = ParamSpec("P")
T = TypeVar("T")

_BOOTSTRAP = (
    "import sys; sys.path.append({root!r}); from edgekit.core.child_process import serve; serve()"
)


class ChildDied(EdgekitError):
    """The child process ended by a signal, ran out of time, or raised an unforeseen exception.

    Attributes:
        cause: Name of the signal (`SIGSEGV`), `timeout`, or the name of the exception.
        log_tail: The last lines the child printed.
        stage: What it last reported to be doing.
    """

    def __init__(self, message: str, *, cause: str, log_tail: str = "", stage: str = "") -> None:
        super().__init__(message)
        self.cause = cause
        self.log_tail = log_tail
        self.stage = stage


@dataclass(frozen=True, kw_only=True)
class Child:
    """How to run a function in a child process.

    Attributes:
        timeout_s: The child is killed after this many seconds.
        progress: Told what the child reports through `report_progress`.
        env: Variables to add to the child's environment.
    """

    timeout_s: float = 3600.0
    progress: Progress = silent
    env: Mapping[str, str] = field(default_factory=dict)

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of a module in a fresh process and return its result.

        Raises:
            EdgekitError: The function raised one; the same class and sentence are raised here.
            ChildDied: The process crashed, hung, or raised anything else.
        """
        request = request_for(function, *args, **kwargs)
        stages = ["starting"]

        def told(fraction: float, doing: str) -> None:
            stages.append(doing)
            self.progress(fraction, doing)

        with tempfile.TemporaryFile() as log:
            answer, ending = replace(self, progress=told)._run(json.dumps(request), log)
            log.seek(0)
            tail = b"\n".join(log.read().splitlines()[-40:]).decode(errors="replace")
        if answer is None:
            sentence = f"{request['name']} ended with {ending} before it had a result"
            raise ChildDied(sentence, cause=ending, log_tail=tail, stage=stages[-1])
        return result_of(function, answer, log_tail=tail, stage=stages[-1])

    def _run(self, request: str, log: IO[bytes]) -> tuple[dict[str, Json] | None, str]:
        """Start the child and read its messages; return its answer, and how it ended."""
        process = processes.start(
            [sys.executable, "-P", "-c", _BOOTSTRAP.format(root=str(packaged().parent))],
            env={**processes.without_current_folder(), **self.env},
            log=log,
        )
        try:
            with processes.killed_after(process, self.timeout_s) as expired:
                answer = self._exchange(process, request)
                process.wait()
        except BaseException:  # such as Ctrl-C: leave no orphan behind
            processes.end(process)
            raise
        ending = processes.ending_of(process.returncode)
        return answer, processes.TIMEOUT if expired.is_set() else ending

    def _exchange(self, process: Process, request: str) -> dict[str, Json] | None:
        assert process.stdin is not None
        assert process.stdout is not None
        answer = None
        with process.stdout:
            try:
                process.stdin.write(request.encode())
                process.stdin.close()
            except BrokenPipeError:  # it died before it read; how is seen at its end
                return None
            for line in process.stdout:
                message = json.loads(line)
                if "progress" in message:
                    self.progress(*message["progress"])
                else:
                    answer = message
        return answer


def request_for(
    function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
) -> dict[str, Json]:
    """Return a call of a module's function as JSON, for `answer_to` in another process."""
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    return {**_address(function), "arguments": {k: to_json(v) for k, v in given.items()}}


def result_of(
    function: Callable[P, T], answer: Mapping[str, Json], *, log_tail: str = "", stage: str = ""
) -> T:
    """Return what `answer_to` a call of the function says, or raise what it raised.

    Raises:
        EdgekitError: The function raised one; the same class and sentence are raised here.
        ChildDied: It raised anything else.
    """
    if "error" in answer:
        raise _error(answer["error"], log_tail, stage)
    return typing.cast(T, _typed(function, "return", answer["result"]))


def report_progress(fraction: float, doing: str) -> None:
    """Tell the parent how far this child is: a fraction in 0..1 and what it is doing."""
    _send({"progress": [fraction, doing]})


def serve() -> None:
    """In the child: answer one request on stdin with messages on the stdout we were given."""
    global _channel
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    request = json.loads(sys.stdin.buffer.read())
    _channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print goes to the log
    _send(answer_to(request))
    gc.freeze()  # or the last collection visits all that TensorFlow made, which takes 2 seconds


_channel: IO[str] | None = None
"""Where a child's messages go; in the parent there is none, and progress is told to nobody."""


def _address(function: Callable[..., object]) -> dict[str, str]:
    """Say where the child finds a function: its module, or the file of one that has no name."""
    module = inspect.getmodule(function)
    if module is None or "." in function.__qualname__:
        raise TypeError(f"{function.__qualname__} is not a function of a module.")
    file = str(module.__file__ or "")
    return {"module": module.__name__, "file": file, "name": function.__qualname__}


def answer_to(request: Mapping[str, Json]) -> dict[str, Json]:
    """Call the function of a request; return its result, or what it raised, as JSON."""
    try:
        module = _module(request["module"], request["file"])
        function: Callable[..., object] = getattr(module, request["name"])
        arguments = {k: _typed(function, k, v) for k, v in request["arguments"].items()}
        return {"result": to_json(function(**arguments))}
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (sentence := how_to_import(error)):
            error = Unavailable(sentence[:1].upper() + sentence[1:])
        refused = isinstance(error, OSError) and error.errno in REMEDIES
        explained = isinstance(error, EdgekitError) and not isinstance(error, ChildDied)
        return {
            "error": {
                "foreseen": refused or explained,
                "kind": "BadInput" if refused else type(error).__name__,
                "message": sentence_of(error) if isinstance(error, OSError) else str(error),
                "traceback": traceback.format_exc(),
            }
        }


def _module(name: str, file: str) -> ModuleType:
    """Import a module by name; one that is not on the path, by its file."""
    if importlib.util.find_spec(name.partition(".")[0]) is not None:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _typed(function: Callable[..., object], name: str, value: Json) -> Any:
    """Return a JSON value as the type of an argument, or of the result (`return`)."""
    hint = typing.get_type_hints(function).get(name, Any)
    if value is None or hint is type(None):
        return None
    what = f"'{name}' of {function.__name__}"
    return from_json(hint, value, what=what, remedy="report this", finite=False)


def _error(error: Mapping[str, str], tail: str, stage: str) -> EdgekitError:
    if error["foreseen"]:
        raised = error_class(error["kind"])(error["message"])
        raised.__cause__ = RuntimeError(f"in the child process:\n{error['traceback']}")
        return raised
    return ChildDied(
        f"{error['kind']}: {error['message']}",
        cause=error["kind"],
        log_tail=f"{tail}\n{error['traceback']}".strip(),
        stage=stage,
    )


def _send(message: Mapping[str, Json]) -> None:
    if _channel is not None:
        _channel.write(json.dumps(message) + "\n")
        _channel.flush()


def _end_with(parent: int) -> None:
    """End this process soon after its parent did, so that a killed build leaves no trainer."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
