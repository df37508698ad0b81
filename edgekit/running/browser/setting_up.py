"""What the runtimes that need a browser share: their backend, what is missing, how it is set up."""

from __future__ import annotations

import shutil
import sys
from functools import partial

from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command, Runtime
from edgekit.core.types import Progress
from edgekit.running.browser import litert_js, program
from edgekit.running.smoke_test import prove


def runtime_of(name: str, accelerator: str, *, software_adapter: str = "") -> Runtime:
    """Return a runtime that asks LiteRT.js in a browser.

    Args:
        name: Of the runtime.
        accelerator: Of LiteRT.js: `wasm` or `webgpu`.
        software_adapter: See `Runtime`.
    """
    return Runtime(
        options={
            "backend": "BrowserBackend",
            "code": "from edgekit.running.browser.backend import BrowserBackend",
            "module": "edgekit_tflite",
            "accelerator": accelerator,
        },
        command=lambda: Command(argv=(sys.executable, "-P")),
        missing=missing,
        setup=partial(set_up, name),
        install="python3 -m pip install edgekit-tflite",
        software_adapter=software_adapter,
    )


def missing() -> str:
    """Return "" if a browser and LiteRT.js are here, else how to get what is not."""
    return litert_js.missing() if program.find() else program.MISSING


def set_up(runtime: str, progress: Progress) -> None:
    """Fetch LiteRT.js, and run a tiny model on it.

    Args:
        runtime: Name of the runtime that runs it.
        progress: Told how far it is.

    Raises:
        Unavailable: There is no browser, no network, or it does not run here.
    """
    if not program.find():
        raise Unavailable(program.MISSING)
    litert_js.fetch(progress)
    progress(0.9, "running a tiny model in the browser")
    try:
        prove(runtime)
    except Unavailable:
        shutil.rmtree(litert_js.folder(), ignore_errors=True)
        raise
