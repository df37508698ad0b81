"""LiteRT.js 2.5 in a browser without a window, on WebGPU alone: what it cannot take is refused.

Without a GPU the browser computes in software, which proves operators and numbers, not speed.
LiteRT.js itself goes back to WASM with a mere warning; `Session.info` says where a model ran.

Source: Google, LiteRT.js, https://ai.google.dev/edge/litert/web.
"""

from __future__ import annotations

from edgekit.running.browser.setting_up import runtime_of

runtime = runtime_of("litert-webgpu", "webgpu", software_adapter="google swiftshader")
