"""A Coral accelerator, by libedgetpu on TensorFlow Lite 2.14; needs the hardware.

libedgetpu must be built for the TensorFlow Lite it is loaded into.

Source: Google, Coral, https://coral.ai/docs/edgetpu/inference/.
"""

from __future__ import annotations

import contextlib
import ctypes.util
from pathlib import Path

from edgekit.core.kinds import Runtime
from edgekit.running.environments import tflite_runtime

LIBRARY = "libedgetpu.so.1"
USB_IDS = ("1a6e:089a", "18d1:9302")
"""Before and after the library has loaded the accelerator's firmware."""


def _missing() -> str:
    if reason := tflite_runtime.missing():
        return reason
    if ctypes.util.find_library("edgetpu") is None:
        return f"{LIBRARY} is not installed; run: sudo apt-get install libedgetpu1-std"
    if not (Path("/dev/apex_0").exists() or set(USB_IDS) & set(_usb_ids())):
        return "There is no Edge TPU on USB or PCIe; plug one in, or name a board: ssh://user@host"
    return ""


def _usb_ids() -> list[str]:
    ids = []
    for vendor in Path("/sys/bus/usb/devices").glob("*/idVendor"):
        with contextlib.suppress(OSError):  # it is being unplugged
            product = vendor.with_name("idProduct")
            ids.append(f"{vendor.read_text().strip()}:{product.read_text().strip()}")
    return ids


runtime = Runtime(
    options={
        "backend": "interpreter",
        "module": "tflite_runtime.interpreter",
        "delegate": LIBRARY,
    },
    command=tflite_runtime.command,
    missing=_missing,
    devices=("local", "ssh"),
    install=tflite_runtime.INSTALL,
    custom_operators=("edgetpu-custom-op",),
)
