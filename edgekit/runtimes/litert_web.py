"""LiteRT.js 2.5 in a browser without a window, on WASM: what a web page answers, and how fast.

The browser is the user's own Chromium, Chrome, Edge or Brave. Its one page may use what every page
may that is served with COOP and COEP headers: threads, and clocks of 5 microseconds. The memory
that is reported is that of WASM alone.

Source: Google, LiteRT.js, https://ai.google.dev/edge/litert/web.
"""

from __future__ import annotations

from edgekit.running.browser.setting_up import runtime_of

runtime = runtime_of("litert-web", "wasm")
