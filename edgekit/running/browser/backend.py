"""LiteRT.js in a browser, as a backend of `edgekit.running.worker`.

It runs under edgekit's own Python. When the browser or its page ends, so does the worker, and says
so as its last words.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from edgekit.core.errors import EdgekitError, WorkerDied
from edgekit.core.paths import packaged
from edgekit.core.types import Array, Batch
from edgekit.running.browser import litert_js, program
from edgekit.running.browser.devtools import ORIGIN, Browser
from edgekit.running.worker import Details, Fields
from edgekit.tflite.reader import Port, ports, read

KINDS = {".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm"}
"""Ending of a file's name -> its media type."""

HARDWARE: Mapping[str, tuple[str, ...]] = {
    "wasm": (),
    "webgpu": ("--enable-unsafe-webgpu", "--enable-features=Vulkan"),
}
"""Accelerator of LiteRT.js -> switches of the browser."""

SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
"""The same for WebGPU on a machine without a GPU."""

_TRAP = "RuntimeError: "
"""How a sentence begins when WASM was ended, as by an access outside of its memory."""

_HAS_ADAPTER = "navigator.gpu?.requestAdapter().then(Boolean) ?? false"

STREAMS = "application/octet-stream"


class BrowserBackend:
    """A model that LiteRT.js runs in the page of a browser without a window.

    Attributes:
        inputs: Index of the tensor, type and shape of each; as the worker tells them.
        outputs: The same.
        facts: Version of LiteRT.js and of the browser, and where the model really runs.
    """

    def __init__(self, model: Array, options: Fields) -> None:
        """Load a model.

        Args:
            model: Bytes of a `.tflite` file.
            options: `accelerator` (a key of `HARDWARE`), `threads` and `signature`.

        Raises:
            ValueError: LiteRT.js refuses the model; the sentence is its own.
        """
        self._signature = str(options.get("signature") or "")
        accelerator = str(options["accelerator"])
        self._page = page(accelerator, int(options["threads"]))
        found = self._page.load(model, self._signature, accelerator)
        listed = _listed(model, self._signature)
        self._inputs = _in_order(listed[0], found["inputs"], self._signature)
        self._outputs = _in_order(listed[1], found["outputs"], self._signature)
        self.inputs, self.outputs = ([_details(port) for port in side] for side in listed)
        self.facts = {
            "runtime": f"LiteRT.js {litert_js.VERSION}",
            "browser": self._page.version,
            "changed": f"passes on {' and '.join(litert_js.ADDED)} too",
            **_residency(accelerator, found),
        }

    def invoke_each(self, arrays: Batch) -> dict[str, Array]:
        """Return the outputs by index of their tensor; all have an axis of examples in front."""
        count = len(next(iter(arrays.values())))
        answers = self._page.ask("invoke", self._given(arrays), self._signature, count)
        return {
            str(port.index): np.frombuffer(base64.b64decode(text), port.dtype).reshape(
                (count, *port.shape)
            )
            for port, text in zip(self._outputs, answers["outputs"], strict=True)
        }

    def latencies_ns(self, arrays: Batch, runs: int) -> Array:
        """Return how long single invocations took, by the page's own clock."""
        told = self._page.ask("time", self._given(arrays), self._signature, runs)
        return np.asarray(np.rint(np.array(told["latencies_ms"]) * 1e6), np.int64)

    def peak_memory_bytes(self) -> int:
        """Return the size of the WASM heap, which never shrinks: LiteRT.js and the model."""
        return int(self._page.ask("memory")["bytes"])

    def _given(self, arrays: Batch) -> bytes:
        return b"".join(_little_endian(self._inputs, arrays))


class Page:
    """The page in which LiteRT.js runs, and what it asks for."""

    def __init__(self, browser: Browser, *, threads: int) -> None:
        """Load LiteRT.js.

        Raises:
            ValueError: It does not start in this browser; the sentence is its own.
            WorkerDied: The page or the browser ended.
        """
        self.version = browser.version
        self._browser = browser
        self._threads = threads
        self._content: dict[str, bytes] = {}
        browser.serve(self._answer)
        browser.open(f"{ORIGIN}/")
        self.ask("start", b"", threads)

    def load(self, model: Array, signature: str, accelerator: str) -> Fields:
        """Load a model; return what it takes and gives, and where it runs."""
        return self.ask("load", model.tobytes(), signature, accelerator, self._threads)

    def ask(self, name: str, content: bytes = b"", *arguments: object) -> Fields:
        """Call a function of `page.js`.

        Args:
            name: Of the function.
            content: What it may fetch from `/content`.
            *arguments: Texts and numbers.

        Raises:
            ValueError: It threw; the sentence is its own.
        """
        self._content["/content"] = content
        try:
            given = ", ".join(map(json.dumps, arguments))
            told: Fields = self._browser.run(f"edgekit.{name}({given})")
            return told
        except WorkerDied as error:
            self._end(str(error))
            raise
        except ValueError as error:
            if str(error).startswith(_TRAP):  # its memory is in disorder from now on
                self._end(f"LiteRT.js crashed: {str(error).removeprefix(_TRAP)}.")
            raise

    def _end(self, last_words: str) -> None:
        """End the browser, whose last words would come after ours, and the worker with it."""
        self._browser.close()
        sys.exit(last_words)

    def _answer(self, path: str) -> tuple[str, bytes] | None:
        if path in self._content:
            return STREAMS, self._content[path]
        if path == "/litert/core/index.js":
            return KINDS[".js"], litert_js.core(litert_js.folder()).encode()
        if path.startswith("/litert/"):
            file = litert_js.folder() / path.removeprefix("/litert/")
        elif path in ("/", "/page.js"):
            file = packaged("running", "browser", path.strip("/") or "page.html")
        else:
            return None
        return (KINDS[file.suffix], file.read_bytes()) if file.is_file() else None


@cache
def page(accelerator: str, threads: int) -> Page:
    """Return the page of this process, in which all signatures of a file are loaded.

    Without a browser that starts, the process ends and says why.
    """
    if not (found := program.find()):
        sys.exit(program.MISSING)
    try:
        return Page(_started(found, accelerator), threads=threads)
    except (EdgekitError, ValueError) as error:
        sys.exit(str(error))


def _started(found: str, accelerator: str) -> Browser:
    """Return a browser that has the accelerator, in software if there is no other."""
    browser = Browser(found, options=HARDWARE[accelerator], log=sys.stderr.buffer)
    if accelerator == "wasm":
        return browser
    browser.serve(lambda path: ("text/html", b"<!doctype html>") if path == "/" else None)
    browser.open(f"{ORIGIN}/")
    if browser.run(_HAS_ADAPTER):
        return browser
    browser.close()
    return Browser(found, options=SOFTWARE, log=sys.stderr.buffer)


def _residency(accelerator: str, found: Fields) -> dict[str, str]:
    """Return where the model runs: LiteRT.js falls back to WASM with a warning only."""
    if found["accelerator"] != accelerator:
        return {"accelerator": "wasm", "accelerated": f"no: it fell back from {accelerator}"}
    if accelerator == "wasm":
        return {"accelerator": "wasm"}
    whole = "fully" if found["fully"] else "partly"
    return {"accelerator": accelerator, "accelerated": whole, "adapter": str(found["adapter"])}


def _listed(model: Array, signature: str) -> tuple[list[Port], list[Port]]:
    """Return the inputs and outputs of a signature, "" for the only one."""
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(model.tobytes())
        file.flush()
        inputs, outputs = ports(read(Path(file.name)))
    return (
        [port for port in inputs if port.signature == signature],
        [port for port in outputs if port.signature == signature],
    )


def _in_order(listed: Sequence[Port], told: Sequence[Fields], signature: str) -> list[Port]:
    """Return the ports in the order in which LiteRT.js names them.

    Raises:
        ValueError: It names others.
    """
    by_name = {port.name.removeprefix(f"{signature}/"): port for port in listed}
    names = [str(each["name"]) for each in told]
    if sorted(names) != sorted(by_name):
        raise ValueError(f"LiteRT.js names {names}, and the file {sorted(by_name)}")
    return [by_name[name] for name in names]


def _details(port: Port) -> Details:
    return {"index": port.index, "dtype": port.dtype, "shape": list(port.shape)}


def _little_endian(inputs: Sequence[Port], arrays: Batch) -> Iterator[bytes]:
    for port in inputs:
        array = arrays[str(port.index)]
        yield array.astype(np.dtype(port.dtype).newbyteorder("<"), copy=False).tobytes()
