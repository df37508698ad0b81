"""Unpack Debian packages into a folder, for any architecture, without root rights.

apt resolves dependencies, downloads and checks signatures, with a state and configuration of its
own; dpkg-deb unpacks. Nothing is installed, and the system's package lists stay as they are.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.paths import home

RELEASE = "bookworm"
"""Debian 12, whose C library (2.36) the tflite-runtime wheels and Raspberry Pi OS 12 fit."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_CONFIGURATION = """\
Dir::State "{state}";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
"""


def architecture() -> str:
    """Return Debian's name of this machine's architecture, such as "amd64"."""
    _require("dpkg")
    return _run(["dpkg", "--print-architecture"]).strip()


def unpack(
    packages: Sequence[str], folder: Path, *, architecture: str, dependencies: bool = False
) -> None:
    """Download packages of Debian 12 and unpack them into a folder.

    An interrupted download is resumed the next time.

    Args:
        packages: Their names.
        folder: Where to; created if it does not exist.
        architecture: Debian's name, such as "arm64".
        dependencies: Whether to unpack what they depend on too, recursively.

    Raises:
        Unavailable: apt, dpkg or a Debian mirror is not there, or cannot be reached.
    """
    for tool in ("apt-get", "dpkg-deb"):
        _require(tool)
    state = home() / "downloads" / f"debian-{architecture}"
    with _locked(state.with_suffix(".lock")):
        apt = _configured(state, architecture)
        _run([*apt, "update"])
        if dependencies:
            options = ["--yes", "--download-only", "--no-install-recommends"]
            _run([*apt, "install", *options, *packages])
        else:
            _run([*apt, "download", *packages], cwd=state / "cache/archives")
        folder.mkdir(parents=True, exist_ok=True)
        for package in sorted((state / "cache/archives").glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(folder)])
        shutil.rmtree(state)


def mirror() -> str:
    """Return the URL of a Debian mirror: `EDGEKIT_DEBIAN_MIRROR`, or the one apt uses here.

    Raises:
        Unavailable: There is neither.
    """
    if chosen := os.environ.get("EDGEKIT_DEBIAN_MIRROR"):
        return chosen
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "partial").mkdir()
        lists = f"Dir::State::lists={empty}"
        printed = _run(["apt-get", "-q", "update", "--print-uris", "-o", lists])
    line = re.search(r"'([^']*\bdebian(?:\.list)?)/+dists/", printed)
    if not line:
        raise Unavailable(
            "apt knows no Debian mirror on this machine; "
            "set EDGEKIT_DEBIAN_MIRROR to the URL of one and run the same command again."
        )
    return line[1]


def _configured(state: Path, architecture: str) -> list[str]:
    """Write apt's private configuration and return the command that uses it."""
    if not KEYRING.exists():
        raise Unavailable(
            f"Debian's signing keys, {KEYRING}, are not here; "
            "run: sudo apt-get install debian-archive-keyring"
        )
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    source = f"deb [signed-by={KEYRING}] {mirror()} {RELEASE} main\n"
    (state / "sources.list").write_text(source)
    configuration = state / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(state=state, architecture=architecture))
    return ["apt-get", "-q", "-c", str(configuration)]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other process of edgekit downloads the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _require(tool: str) -> None:
    if shutil.which(tool) is None:
        raise Unavailable(
            f"This needs {tool}, which Debian and Ubuntu have and this machine lacks; "
            "run it on one of those."
        )


def _run(arguments: list[str], cwd: Path | None = None) -> str:
    env = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = processes.run(arguments, cwd=cwd, env=env)
    if not done.ok:
        cause = done.cause("E:", "dpkg").removeprefix("E: ")
        raise Unavailable(
            f"{arguments[0]} failed: {cause}. Check the network and run the same command again."
        )
    return done.stdout
