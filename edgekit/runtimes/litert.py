"""Google's current interpreter (ai-edge-litert 2.3) on the CPU, with its XNNPACK kernels.

Source: Google, LiteRT, https://ai.google.dev/edge/litert.
"""

from __future__ import annotations

import importlib.util
import sys

from edgekit.core.kinds import Command, Runtime


def _missing() -> str:
    if importlib.util.find_spec("ai_edge_litert") is None:
        return "ai-edge-litert is not installed; run: pip install 'ai-edge-litert==2.3.*'"
    return ""


runtime = Runtime(
    options={"backend": "interpreter", "module": "ai_edge_litert.interpreter"},
    command=lambda: Command(argv=(sys.executable, "-P")),
    missing=_missing,
    install="python3 -m pip install 'ai-edge-litert==2.3.*'",
    devices=("local", "ssh"),
)
