"""LiteRT.js 2.5 in a browser without a window, on WASM: what a web page answers, and how fast.

The browser is the user's own Chromium, Chrome, Edge or Brave. Its one page may use what every page
may that is served with COOP and COEP headers: threads, and clocks of 5 microseconds. The memory
that is reported is that of WASM alone.

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
        "accelerator": "wasm",
    },
    command=lambda: Command(argv=(sys.executable, "-P")),
    missing=setting_up.missing,
    setup=partial(setting_up.set_up, "litert-web"),
    install="python3 -m pip install edgekit-tflite",
)
