"""An Android phone reached by adb, with the app of android-demo/ on it: verify and bench only.

Give it as `--device adb`, or `--device adb:SERIAL` where several are connected. Phones have no
Python, so no worker runs there: the app's self-test does (see `edgekit/verbs/phone/adb.py`).
"""

from __future__ import annotations

from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command, Device, Runtime
from edgekit.verbs.phone.adb import Phone


def _command(_runtime: Runtime) -> Command:
    raise Unavailable(
        "A phone runs no Python; what works there is: edgekit verify --device adb, and "
        "edgekit bench --device adb."
    )


device = Device(command=_command, missing=lambda: Phone().missing())
