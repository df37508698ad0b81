"""Join a Ray cluster, or say in a sentence, soon, why that cannot be."""

from __future__ import annotations

import contextlib
import logging
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator

from edgekit.core import processes
from edgekit.core.errors import BadInput, Unavailable

_CONNECT_S = 60.0

_PROBE = """
import logging, sys, ray
ray.init(address=sys.argv[1], logging_level=logging.CRITICAL, log_to_driver=False)
"""


def join(address: str) -> None:
    """Join a cluster, at its head's `HOST:PORT`.

    That is tried in a process of its own first, since Ray may hang there, or end it.

    Raises:
        BadInput: It is no address, or this process is connected to Ray already.
        Unavailable: Ray is not installed, or does not let us in.
    """
    _refuse_other(address)
    try:
        import ray
    except ModuleNotFoundError as error:
        raise Unavailable(
            "--cluster needs Ray, which is not installed here; run: "
            "pip install 'edgekit-tflite[ray]'"
        ) from error
    if ray.is_initialized():
        raise BadInput(
            "This process is connected to Ray already; call ray.shutdown() before you give cluster."
        )
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Unavailable(
            f"No Ray cluster answers at {address}: {why}. Start it there with `ray start --head`."
        ) from error
    tried = processes.run([sys.executable, "-P", "-c", _PROBE, address], timeout_s=_CONNECT_S)
    if not tried.ok:
        why = "nothing answers" if tried.ending == processes.TIMEOUT else tried.cause()
        raise Unavailable(
            f"The Ray cluster at {address} cannot be joined: {why.rstrip('.')}. On its head run "
            f"`ray start --head`, and here, unless this is the head, `ray start "
            f"--address={address}`."
        )
    with _own_signals():
        ray.init(address=address, logging_level=logging.CRITICAL, log_to_driver=False)


def _refuse_other(address: str) -> None:
    matched = re.fullmatch(r"([\w.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})", address, re.ASCII)
    if not matched or not 0 < int(matched[2]) < 1 << 16:
        raise BadInput(
            f"cluster is '{address}'; give HOST:PORT of a Ray cluster's head, such as "
            "10.0.0.1:6379, which `ray start --head` prints."
        )


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep our handlers of signals: Ray sets its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in ours.items():
        signal.signal(number, handler)
