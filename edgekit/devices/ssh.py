"""A board behind ssh, given as ssh://user@host[:port][/path/of/python]; no password is asked.

The board needs Python 3.8 or newer with NumPy and the runtime's package; the worker itself is sent
to it. Keys, hosts and jumps are those of your `~/.ssh/config`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from urllib.parse import unquote, urlsplit

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
    # ssh takes what begins with a dash for an option, and the rest is what names are made of.
    if parts.scheme != "ssh" or not re.fullmatch(r"(?:[\w.][\w.-]*@)?[\w.][\w.-]*", host):
        raise BadInput(f"'{url}' is no board; give ssh://user@host[:port][/path/of/python].")
    if parts.query or parts.fragment or parts.path == "/":
        raise BadInput(f"'{url}' is no board; after the host only the path of a Python may stand.")
    return (*(("-p", str(port)) if port else ()), host), unquote(parts.path) or "python3"


def _missing(login: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            ["ssh", *OPTIONS, *login, "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except FileNotFoundError:
        return "ssh is not installed; run: sudo apt-get install openssh-client"
    except subprocess.TimeoutExpired:
        return f"{login[-1]} did not let ssh in within 30 s; check that it is on and reachable."
    if done.returncode == 0:
        return ""
    cause = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    command = shlex.join(["ssh", *login, "true"])
    return f"ssh cannot log in: {cause.strip().rstrip('.')}. Make this work first: {command}"
