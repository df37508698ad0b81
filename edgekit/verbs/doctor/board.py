"""What a board has, and which runtime it can get: `edgekit doctor --device`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.paths import packaged
from edgekit.core.records import from_json
from edgekit.running.place import Place
from edgekit.verbs.doctor.local import Finding

OLDEST = (3, 8)
"""The oldest Python whose syntax edgekit's worker and the programs of bundles keep to."""

WHEELS: Mapping[str, tuple[tuple[int, int], tuple[int, int], tuple[int, ...]]] = {
    "tflite-runtime": ((3, 9), (3, 11), (32, 64)),
    "ai-edge-litert": ((3, 9), (3, 14), (64,)),
}
"""Package -> first and last Python, and bits, that PyPI has wheels for; Linux on ARM, 2026-11."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the board's Python said; see `board_facts.py`."""

    system: str
    machine: str
    bits: int
    python: tuple[int, ...]
    packages: Mapping[str, str]


def examine(device: str) -> list[Finding]:
    """Report what a board has, and what it lacks with the line that gets it.

    Args:
        device: "raspberry-pi" or `ssh://user@host`.

    Raises:
        NotFound, BadInput: There is no such device.
        Unavailable: It cannot be reached, or runs no Python.
    """
    facts = _ask(device)
    python = facts.python[:2]
    enough = python >= OLDEST
    said = f"{_dotted(facts.python)}, {facts.bits}-bit"
    return [
        _finding("system", f"{facts.system}, {facts.machine}"),
        _finding("Python", said if enough else "", f"{said} is too old; {_dotted(OLDEST)} is not"),
        _finding("NumPy", facts.packages["numpy"], "run there: sudo apt-get install python3-numpy"),
        *(_runtime(name, facts) for name in WHEELS),
    ]


def _ask(device: str) -> Facts:
    place = Place(runtime="litert", device=device)
    runtime, board = place.find()
    if missing := board.missing():
        raise Unavailable(missing)
    command = board.command(runtime)
    code = packaged("verbs", "doctor", "board_facts.py").read_text(encoding="utf-8")
    env = {**processes.without_current_folder(), **command.env}
    done = processes.run(command.python(code), env=env, timeout_s=60)
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise Unavailable(f"No Python answers on {device}: {done.cause()}") from error
    return from_json(
        Facts, told, what=f"What {device} says of itself", remedy=f"ask {device} again"
    )


def _runtime(name: str, facts: Facts) -> Finding:
    """Tell whether a runtime is there, or whether and how it can be."""
    first, last, bits = WHEELS[name]
    version = facts.packages[name]
    fits = first <= facts.python[:2] <= last and facts.bits in bits
    wheels = f"PyPI has wheels for Python {_dotted(first)} to {_dotted(last)}"
    if bits == (64,):
        wheels += " on 64-bit systems only"
    how = "run there: python3 -m pip install " + name if fits else f"cannot be installed: {wheels}"
    return _finding(name, version, how)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _finding(name: str, found: str, how: str = "") -> Finding:
    return Finding(kind="board", name=name, ok=bool(found), message=found or how)
