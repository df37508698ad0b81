"""LiteRT.js 2.5 in a browser without a window, on WebGPU alone: what it cannot take is refused.

Without a GPU the browser computes in software, which proves operators and numbers, not speed.
LiteRT.js itself goes back to WASM with a mere warning; `Session.info` says where a model ran.

Source: Google, LiteRT.js, https://ai.google.dev/edge/litert/web.
"""

from __future__ import annotations

import sys
from functools import partial

from edgekit.core.kinds import Command, Runtime
from edgekit.running.browser import setting_up

runtime = Runtime(
    options={
        "backend": "BrowserBackend",
        "code": "from edgekit.running.browser.backend import BrowserBackend",
        "module": "edgekit_tflite",
        "accelerator": "webgpu",
    },
    command=lambda: Command(argv=(sys.executable, "-P")),
    missing=setting_up.missing,
    setup=partial(setting_up.set_up, "litert-webgpu"),
    install="python3 -m pip install edgekit-tflite",
    software_adapter="google swiftshader",
)
