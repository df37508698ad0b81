from __future__ import annotations

import hashlib
import io
import os
import signal
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import processes, registry
from edgekit.core.errors import ModelRefused, Unavailable, WorkerDied
from edgekit.core.types import silent
from edgekit.running.browser import litert_js, program
from edgekit.running.browser.devtools import ORIGIN, Browser
from edgekit.running.session import Session, open_session
from tests.support.paths import GOLDEN

IMAGES = {"image": np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)}


def need(name: str) -> None:
    if missing := registry.get("runtimes", name).missing():
        pytest.skip(missing)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files of one test; `tmp_path` is too long for a socket's path."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def session(temporary: Path) -> Iterator[Session]:
    need("litert-web")
    with open_session(GOLDEN / "int8.tflite", runtime="litert-web") as run:
        yield run


def children(number: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    listed = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return [each for child in map(int, listed) for each in (child, *children(child))]


def test_the_user_names_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.setenv(program.VARIABLE, str(browser))
    assert program.find() == str(browser)


def test_without_a_browser_setup_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(program.VARIABLE, "/nowhere/browser")
    runtime = registry.get("runtimes", "litert-web")
    assert "sudo apt-get install chromium" in runtime.missing()
    assert runtime.setup is not None
    with pytest.raises(Unavailable, match="There is no Chromium, Chrome, Edge or Brave here"):
        runtime.setup(silent)


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """A registry that gives what a test puts into it."""
    packages: dict[str, bytes] = {}

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = packages.get(self.path.split("/")[2])
            self.send_response(200 if content else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    yield packages
    server.shutdown()
    server.server_close()
    thread.join()


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))
    return file.getvalue()


def test_litert_js_is_fetched_and_put_in_place(
    npm: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    npm |= {name: packed("package/other", *files) for name, files in litert_js.FILES.items()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in npm.items()}
    monkeypatch.setattr(litert_js, "PACKAGES", sums)
    assert "edgekit setup web" in litert_js.missing()
    litert_js.fetch(silent)
    assert litert_js.missing() == ""
    files = {path.name for path in litert_js.folder().rglob("*") if path.is_file()}
    assert files == {Path(p).name for each in litert_js.FILES.values() for p in each.values()}


@pytest.mark.parametrize("content", [b"", packed("package/dist/index.js")])
def test_another_litert_js_is_refused(npm: dict[str, bytes], content: bytes) -> None:
    npm["core"] = content
    with pytest.raises(Unavailable, match=r"cannot be had: .*Check the network"):
        litert_js.fetch(silent)
    assert litert_js.missing()


@pytest.mark.device
def test_a_session_says_what_ran(session: Session) -> None:
    assert session.info["runtime"] == f"LiteRT.js {litert_js.VERSION}"
    assert session.info["accelerator"] == "wasm"
    assert "/" in session.info["browser"]
    assert "adapter" not in session.info


@pytest.mark.device
def test_threads_give_the_same_answers(session: Session) -> None:
    with open_session(GOLDEN / "int8.tflite", runtime="litert-web", threads=2) as run:
        np.testing.assert_array_equal(run(IMAGES)["scores"], session(IMAGES)["scores"])


@pytest.mark.device
def test_a_clock_tells_microseconds(session: Session) -> None:
    timing = session.time(IMAGES, runs=30)
    assert 0.005 <= timing.median_ms < 50
    assert len(set(timing.latencies_ms)) > 1


@pytest.mark.device
def test_what_litert_js_answers_in_silence_is_refused() -> None:
    """It does not throw where an operator cannot run, and answers what lies in memory."""
    need("litert-web")
    with (
        open_session(GOLDEN / "custom.tflite", runtime="litert-web") as run,
        pytest.raises(ModelRefused, match="Encountered unresolved custom op: Mystery"),
    ):
        run(IMAGES)


@pytest.mark.device
def test_webgpu_says_its_adapter_and_refuses_what_would_fall_back() -> None:
    need("litert-webgpu")
    with open_session(GOLDEN / "float32.tflite", runtime="litert-webgpu") as run:
        assert run.info["accelerator"] == "webgpu"
        assert run.info["accelerated"] == "fully"
        assert run.info["adapter"]
    with pytest.raises(ModelRefused, match=r"not supported by GPU delegate: .*INT16"):
        open_session(GOLDEN / "int16x8.tflite", runtime="litert-webgpu")


@pytest.mark.device
def test_the_end_of_the_browser_ends_only_the_worker(session: Session) -> None:
    worker = session._worker._process.pid
    for child in children(worker):
        os.kill(child, signal.SIGKILL)
    with pytest.raises(WorkerDied, match=r"litert-web on local ended .* \"The browser ended"):
        session(IMAGES)


def test_a_browser_that_ended_is_closed_without_an_error(tmp_path: Path) -> None:
    """What was still to be sent to it cannot be: no second error that hides the first."""
    with (tmp_path / "log").open("wb") as log:
        browser = object.__new__(Browser)
        browser._process = processes.start(["true"], log=log, env={})
        browser._process.wait()
        assert browser._process.stdin is not None
        browser._process.stdin.write(b"half a command")
        browser.close()
    assert browser._process.stdin.closed


@pytest.mark.device
def test_the_end_of_the_worker_ends_the_browser(session: Session, temporary: Path) -> None:
    started = children(session._worker._process.pid)
    assert started
    assert list(temporary.glob("edgekit-browser-*"))
    os.killpg(session._worker._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        session(IMAGES)
    for _ in range(100):
        if not list(temporary.glob("edgekit-browser-*")):
            break
        time.sleep(0.1)
    assert not list(temporary.glob("edgekit-browser-*"))


@pytest.mark.device
def test_a_browser_that_does_not_start_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("litert-web")
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\nexit 3\n")
    browser.chmod(0o755)
    monkeypatch.setenv(program.VARIABLE, str(browser))
    with pytest.raises(WorkerDied, match=r"last said: .*The browser ended by exit code 3"):
        open_session(GOLDEN / "int8.tflite", runtime="litert-web")


@pytest.mark.device
def test_a_long_path_of_temporary_files_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("litert-web")
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with (tmp_path / "log").open("wb") as log, Browser(program.find(), log=log) as browser:
        assert browser.run("6 * 7") == 42


@pytest.mark.device
def test_a_page_that_crashes_is_told(tmp_path: Path) -> None:
    need("litert-web")
    with (
        (tmp_path / "log").open("wb") as log,
        Browser(program.find(), log=log) as browser,
    ):
        browser.serve(lambda path: ("text/html", b"<p>hello") if path == "/" else None)
        browser.open(f"{ORIGIN}/")
        assert browser.run("document.body.innerText") == "hello"
        with pytest.raises(ValueError, match="Error: so it is"):
            browser.run("Promise.reject(new Error('so it is'))")
        with pytest.raises(WorkerDied, match="The page crashed"):
            browser.ask("Page.crash")
