"""Start a browser without a window and talk with it: the Chrome DevTools Protocol over two pipes.

The browser opens no port, and reaches no network: whatever its page asks for is answered here.
Commands and events are JSON objects that end in a zero byte, so no library is needed.

Source: https://chromedevtools.github.io/devtools-protocol/; the pipes are what
`--remote-debugging-pipe` describes in Chromium's `content/public/common/content_switches.cc`.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from edgekit.core import processes
from edgekit.core.errors import WorkerDied
from edgekit.running.worker import Fields

ORIGIN = "https://edgekit.invalid"
"""Where the page believes to be: a name that can never be looked up (RFC 2606)."""

_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

# The browser reads from descriptor 3 and writes to 4; the shell outlives it and tidies up.
_SHELL = '"$@" 3<&0 4>&1 </dev/null >&2; status=$?; rm -rf "$EDGEKIT_PROFILE"; exit $status'

_LONGEST_TEMPORARY = 50  # bytes; Chromium appends up to 50

Answerer = Callable[[str], tuple[str, bytes] | None]
"""Path that a page asks for -> media type and content; None if there is no such thing."""


class Browser:
    """A browser with one page; close it, or use it in a `with` block."""

    def __init__(self, program: str, *, options: Sequence[str] = (), log: IO[bytes]) -> None:
        """Start it.

        Args:
            program: Path of Chromium, Chrome, Edge or Brave.
            options: Further switches of its command line.
            log: The open file that its standard error goes to.

        Raises:
            Unavailable: The program cannot be started.
            WorkerDied: It ended at once.
        """
        folder = _temporary()
        profile = tempfile.mkdtemp(prefix="edgekit-browser-", dir=folder)
        arguments = [program, *_OPTIONS, f"--user-data-dir={profile}", *_sandbox(), *options]
        env = {**os.environ, "EDGEKIT_PROFILE": profile, "TMPDIR": folder}
        try:
            self._process = processes.start(
                ["/bin/sh", "-c", _SHELL, "sh", *arguments, "about:blank"], log=log, env=env
            )
        except BaseException:
            shutil.rmtree(profile, ignore_errors=True)
            raise
        self._count = 0
        self._arrived = bytearray()
        self._answer: Answerer | None = None
        self.version = str(self.ask("Browser.getVersion", session="")["product"])
        targets = self.ask("Target.getTargets", session="")["targetInfos"]
        page = next(each["targetId"] for each in targets if each["type"] == "page")
        attached = self.ask("Target.attachToTarget", session="", targetId=page, flatten=True)
        self._session = str(attached["sessionId"])
        self._log = log
        self.ask("Inspector.enable")  # tells of a crash
        self.ask("Runtime.enable")  # and of what is written to the console

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser; it removes its profile."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                with suppress(OSError):  # it ended, and what was still to be sent cannot be
                    stream.close()
        processes.end(self._process, grace_s=5.0)

    def serve(self, answer: Answerer) -> None:
        """Answer whatever the page asks of `ORIGIN`, in place of a network."""
        self._answer = answer
        self.ask("Fetch.enable", patterns=[{"urlPattern": f"{ORIGIN}/*"}])

    def open(self, url: str) -> None:
        """Load a page, and wait until it is loaded.

        Raises:
            WorkerDied: The page cannot be loaded, or ended.
        """
        self.ask("Page.enable")
        loaded = self.ask("Page.navigate", url=url)
        if "errorText" in loaded:
            raise WorkerDied(f"The browser cannot open '{url}': {loaded['errorText']}.")
        self.run("new Promise(done => document.readyState === 'complete' ? done() "
                 ": addEventListener('load', () => done()))")  # fmt: skip

    def run(self, script: str) -> Any:
        """Evaluate JavaScript in the page; wait for a promise; return its value.

        Raises:
            ValueError: The script threw; the sentence is its own.
            WorkerDied: The page or the browser ended.
        """
        found = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if details := found.get("exceptionDetails"):
            thrown = details.get("exception", {})
            words = str(thrown.get("description") or thrown.get("value") or details["text"])
            raise ValueError(words.partition("\n    at ")[0])
        return found["result"].get("value")

    def ask(self, method: str, session: str | None = None, **parameters: object) -> Fields:
        """Send a command and return the result, answering the page's requests meanwhile.

        Raises:
            ValueError: The browser refuses the command.
            WorkerDied: The page or the browser ended.
        """
        number = self._send(method, session, parameters)
        while True:
            message = self._read()
            if message.get("id") == number:
                if "error" in message:
                    raise ValueError(f"{method}: {message['error']['message']}")
                result: Fields = message["result"]
                return result
            self._heed(message)

    def _heed(self, message: Fields) -> None:
        """Act on an event."""
        event = message.get("method", "")
        if event == "Fetch.requestPaused":
            self._fulfill(message["params"])
        if event == "Runtime.consoleAPICalled":
            self._note(message["params"])
        if event in ("Inspector.targetCrashed", "Target.targetCrashed"):
            raise WorkerDied("The page crashed.")

    def _note(self, said: Fields) -> None:
        """Write to the log what LiteRT.js writes to the console."""
        words = [str(each.get("value", each.get("description", ""))) for each in said["args"]]
        self._log.write(" ".join(words).encode() + b"\n")
        self._log.flush()

    def _fulfill(self, asked: Fields) -> None:
        path = str(asked["request"]["url"]).removeprefix(ORIGIN)
        found = self._answer(path) if self._answer else None
        fields: dict[str, object] = {"requestId": asked["requestId"], "responseCode": 404}
        if found:
            kind, content = found
            fields |= {
                "responseCode": 200,
                "responseHeaders": [{"name": k, "value": v} for k, v in _headers(kind).items()],
                "body": base64.b64encode(content).decode(),
            }
        self._send("Fetch.fulfillRequest", None, fields)

    def _send(self, method: str, session: str | None, parameters: Mapping[str, object]) -> int:
        self._count += 1
        message: dict[str, object] = {"id": self._count, "method": method, "params": parameters}
        if session := self._session if session is None else session:
            message["sessionId"] = session
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\0")
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerDied(self._obituary()) from error
        return self._count

    def _read(self) -> Fields:
        """Return the next message."""
        assert self._process.stdout is not None
        searched = 0
        while (end := self._arrived.find(b"\0", searched)) < 0:
            searched = len(self._arrived)
            part = os.read(self._process.stdout.fileno(), 1 << 20)
            if not part:
                raise WorkerDied(self._obituary())
            self._arrived += part
        message: Fields = json.loads(self._arrived[:end])
        del self._arrived[: end + 1]
        return message

    def _obituary(self) -> str:
        ending = processes.end(self._process, grace_s=2.0)
        return f"The browser ended by {ending}."


def _headers(kind: str) -> dict[str, str]:
    """Return what isolates a page, so that it has threads and clocks of 5 microseconds."""
    return {
        "Content-Type": kind,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _temporary() -> str:
    """Return the folder of temporary files, or a shorter one.

    Chromium makes a socket in a folder there, whose path may have 107 bytes, and aborts otherwise.
    """
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= _LONGEST_TEMPORARY else "/tmp"


def _sandbox() -> tuple[str, ...]:
    return ("--no-sandbox",) if os.geteuid() == 0 else ()  # which root cannot have
