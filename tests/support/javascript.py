"""Calls the functions of a web page's modules by Node.js, to hold them against Python."""

from __future__ import annotations

import atexit
import json
import math
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import processes
from edgekit.core.paths import packaged

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="There is no Node.js; run: sudo apt-get install nodejs"
)

_ANSWERING = """
import {createInterface} from "node:readline";
const floats = (value) => Float32Array.from(value.floats, (each) => each ?? NaN);
const revived = (key, value) => (Array.isArray(value?.floats) ? floats(value) : value);
const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
for await (const line of createInterface({input: process.stdin})) {
  const {module, name, given} = JSON.parse(line, revived);
  let answer;
  try {
    answer = {found: (await import(module))[name](...given) ?? null};
  } catch (error) {
    answer = {error: error.stack};
  }
  console.log(JSON.stringify(answer, plain));
}
"""


def call(module: str, name: str, *arguments: object) -> Any:
    """Return what an exported function of a module gives; arrays go as Float32Array."""
    path = packaged("bundling", "web", "js", f"{module}.mjs")
    request = {"module": path.as_uri(), "name": name, "given": arguments}
    process = _node()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request, default=_known).encode() + b"\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert "error" not in answer, answer["error"]
    return answer["found"]


def outputs(arrays: Mapping[str, np.ndarray]) -> dict[str, object]:
    """Return a model's outputs as the page's modules know them."""
    return {k: {"values": a.ravel(), "shape": list(a.shape)} for k, a in arrays.items()}


def picture(array: np.ndarray) -> dict[str, object]:
    """Return a picture (height, width, channels) as the page's modules know it."""
    height, width, channels = array.shape
    return {"height": height, "width": width, "channels": channels, "values": array.ravel()}


@cache
def _node() -> processes.Process:
    """Return the process that answers all calls of a test run."""
    folder = tempfile.TemporaryDirectory()
    code = Path(folder.name) / "answering.mjs"
    code.write_text(_ANSWERING)
    log = (Path(folder.name) / "log").open("wb")
    process = processes.start(["node", str(code)], log=log)

    def end() -> None:
        processes.end(process)
        for stream in (process.stdin, process.stdout, log):
            if stream is not None:
                stream.close()
        folder.cleanup()

    atexit.register(end)
    return process


def _known(each: object) -> object:
    if isinstance(each, np.ndarray):
        return {"floats": [None if math.isnan(x) else x for x in each.astype(float).tolist()]}
    return each.item() if isinstance(each, np.generic) else str(each)
