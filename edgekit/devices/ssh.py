"""A board reached by ssh, given as ssh://user@host[:port][/path/of/python]; by key, no password.

The board needs Python 3.8 or newer with NumPy and the runtime's package; the worker itself is sent
to it. Keys, hosts and jumps are those of your `~/.ssh/config`.
"""

from __future__ import annotations

import re
import shlex
import shutil
from urllib.parse import unquote, urlsplit

from edgekit.core import processes
from edgekit.core.errors import BadInput
from edgekit.core.kinds import Command, Device

OPTIONS = ("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15")


def device(url: str) -> Device:
    """Return the device at a URL such as `ssh://pi@raspberrypi.local/home/pi/venv/bin/python`.

    Args:
        url: User and port are optional, as with ssh; without a path it is `python3`.

    Raises:
        BadInput: The URL is not of that form.
    """
    login, python = _read(url)
    argv = ("ssh", *OPTIONS, *login, shlex.quote(python))
    return Device(
        command=lambda _runtime: Command(argv=argv, through_shell=True),
        missing=lambda: _missing(login),
    )


def _read(url: str) -> tuple[tuple[str, ...], str]:
    """Return ssh's arguments up to the host, and the path of Python there."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.netloc.rpartition(":")[0] if port else parts.netloc
    # ssh would take a name that begins with a dash for an option.
    named = re.fullmatch(r"(?:[\w.][\w.-]*@)?[\w.][\w.-]*", host, re.ASCII)
    if parts.scheme != "ssh" or not named:
        raise BadInput(f"'{url}' is no board; give ssh://user@host[:port][/path/of/python].")
    python = unquote(parts.path)
    if parts.query or parts.fragment or python == "/" or not _is_path(python):
        raise BadInput(f"'{url}' is no board; after the host only the path of a Python may stand.")
    return (*(("-p", str(port)) if port else ()), host), python or "python3"


def _is_path(python: str) -> bool:
    """Whether a path has no control characters, and no bytes that are no UTF-8."""
    return python.isprintable() and "\ufffd" not in python


def _missing(login: tuple[str, ...]) -> str:
    if shutil.which("ssh") is None:
        return "ssh is not installed; run: sudo apt-get install openssh-client"
    done = processes.run(["ssh", *OPTIONS, *login, "true"], timeout_s=30)
    if done.ok:
        return ""
    if done.ending == processes.TIMEOUT:
        return f"{login[-1]} did not let ssh in within 30 s; check that it is on and reachable."
    command = shlex.join(["ssh", *login, "true"])
    return f"ssh cannot log in: {done.cause().rstrip('.')}. Make this work first: {command}"
