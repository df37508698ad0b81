"""Make an environment in which a runtime runs apart from edgekit's own process.

Beside this module lies a file of requirements for each: every package with its version and the
SHA-256 of its wheels, those that others need included. pip installs nothing else, and no package
runs code of its own while it is installed, since wheels have none.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command
from edgekit.core.paths import atomic, home, packaged
from edgekit.core.types import Progress
from edgekit.running.smoke_test import prove

INSTALLING_TIMEOUT_S = 3600.0
"""The largest downloads half a gigabyte."""


def folder(name: str) -> Path:
    """Return where the environment of a runtime is, or will be."""
    return home() / "envs" / name


def command(name: str) -> Command:
    """Return how to start an environment's Python; it ignores variables meant for another."""
    return Command(argv=(str(folder(name) / "bin/python"), "-I"))


def is_there(name: str) -> bool:
    """Whether the environment of a runtime was made."""
    return (folder(name) / "bin/python").exists()


def make(
    name: str,
    python: str,
    progress: Progress,
    *,
    size: str = "",
    proof: Callable[[str], object] = prove,
) -> None:
    """Create the environment of a runtime and run a tiny model in it.

    Args:
        name: Of the runtime.
        python: Path of the CPython that the environment is for.
        progress: Told how far it is.
        size: What it takes on the disk, for the progress, where that is much.
        proof: Raises `Unavailable` if what was installed does not run.

    Raises:
        Unavailable: pip gets other packages than the pinned ones, there is no network, or the
            runtime does not run. Nothing is left.
    """
    with atomic(folder(name)) as temporary:
        progress(0.1, f"creating an environment of {python}")
        created = processes.run([python, "-I", "-m", "venv", str(temporary)], env=plain())
        if not created.ok:
            raise Unavailable(f"{python} creates no environment: {created.cause().rstrip('.')}.")
        progress(0.2, f"installing {name}" + (size and f", {size}"))
        install_pinned(name, [str(temporary / "bin/python"), "-I"])
    progress(0.9, "running a tiny model")
    try:
        proof(name)
    except Unavailable:
        shutil.rmtree(folder(name), ignore_errors=True)
        raise


def install_pinned(name: str, python: Sequence[str], options: Sequence[str] = ()) -> None:
    """Let pip install the packages of `<name>.txt`, and no file with another checksum.

    Args:
        name: Of the runtime or device.
        python: The Python whose pip does it, with its arguments.
        options: Of `pip install`, such as the folder to install into.

    Raises:
        Unavailable: pip cannot, or what it gets is not what is pinned.
    """
    pinned = ["--require-hashes", "--only-binary=:all:", "--requirement", str(requirements(name))]
    done = processes.run(
        [*python, "-m", "pip", "install", "--quiet", *options, *pinned],
        env=plain(),
        timeout_s=INSTALLING_TIMEOUT_S,
    )
    if done.ok:
        return
    if other := _MISMATCH.search(done.stderr):
        raise Unavailable(
            f"pip was given a file of {other['package']} whose SHA-256 begins with "
            f"{other['got'][:12]}, which is none of those that edgekit trusts, and {name} was not "
            f"set up. Let pip ask another index, and run `edgekit setup {name}` again."
        )
    raise Unavailable(
        f"pip cannot install {name}: {done.cause('ERROR').rstrip('.')}. Check the network, and "
        f"run `edgekit setup {name}` again."
    )


_MISMATCH = re.compile(r"(?m)^ +(?P<package>\S+) from .*\n(?: +Expected .*\n)+ +Got +(?P<got>\w+)")
"""How pip says that a file has another checksum."""


def requirements(name: str) -> Path:
    """Return the file of pinned packages of a runtime or device."""
    return packaged("running", "environments", f"{name}.txt")


def plain() -> dict[str, str]:
    """Return our environment variables without those that lead a Python or its pip elsewhere."""
    names = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_USER")
    return {name: value for name, value in os.environ.items() if name not in names}
