"""The GPU accelerator alone (WebGPU on Vulkan, or Metal); it never falls back to the CPU.

On a Linux machine without a GPU it runs on SwiftShader, Google's Vulkan driver in software, which
proves operators and numbers, not speed. `Session.info["adapter"]` says what it ran on.

Source: Google, LiteRT GPU, https://ai.google.dev/edge/litert/next/gpu.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command, Runtime
from edgekit.core.paths import atomic, home
from edgekit.core.types import Progress
from edgekit.running import debian
from edgekit.running.smoke_test import prove

ICD = "vk_swiftshader_icd.json"
LOADER = "libvulkan.so.1"
BROWSERS = (
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/opt/google/chrome",
    "/opt/microsoft/msedge",
    "/opt/brave.com/brave",
)
"""Where browsers on Linux keep SwiftShader, next to their own Vulkan loader."""

_LIST_ADAPTERS = """
import ctypes as c, json, sys
vulkan = c.CDLL("libvulkan.so.1")
create = (c.c_uint64 * 8)(1)  # VkInstanceCreateInfo: its type, and nothing asked for
instance, count = c.c_void_p(), c.c_uint32()
if vulkan.vkCreateInstance(create, None, c.byref(instance)):
    sys.exit("[]")
vulkan.vkEnumeratePhysicalDevices(instance, c.byref(count), None)
devices = (c.c_void_p * count.value)()
vulkan.vkEnumeratePhysicalDevices(instance, c.byref(count), devices)
adapters = []
for device in devices:
    properties = c.create_string_buffer(4096)  # VkPhysicalDeviceProperties: type at 16, name at 20
    vulkan.vkGetPhysicalDeviceProperties(c.c_void_p(device), properties)
    kind = int.from_bytes(properties.raw[16:20], sys.byteorder)
    adapters.append([kind, properties.raw[20:276].split(b"\\0")[0].decode(errors="replace")])
print(json.dumps(adapters))
"""
_CPU = 4  # VK_PHYSICAL_DEVICE_TYPE_CPU


@cache
def hardware_adapters() -> tuple[str, ...]:
    """Return the names of this machine's Vulkan adapters that are no CPU.

    They are asked for in a process of its own: a broken driver must not end ours.
    """
    done = processes.run([sys.executable, "-I", "-c", _LIST_ADAPTERS], timeout_s=60)
    adapters = json.loads(done.stdout) if done.ok else []
    return tuple(name for kind, name in adapters if kind != _CPU)


def swiftshader() -> Path | None:
    """Return the folder of the software driver: ours or a browser's; None if there is none."""
    folders = (home() / "swiftshader", *map(Path, BROWSERS))
    return next((folder for folder in folders if (folder / ICD).exists()), None)


def _command() -> Command:
    driver = None if _has_gpu() else swiftshader()
    if driver is None:
        return Command(argv=(sys.executable, "-P"))
    icd = str(driver / ICD)
    env = {"VK_DRIVER_FILES": icd, "VK_ICD_FILENAMES": icd}  # the new name, and the old
    if (driver / LOADER).exists():
        env["LD_LIBRARY_PATH"] = str(driver)
    return Command(argv=(sys.executable, "-P"), env=env)


def _has_gpu() -> bool:
    return sys.platform == "darwin" or bool(hardware_adapters())  # every Mac has Metal


def _missing() -> str:
    if importlib.util.find_spec("ai_edge_litert") is None:
        return "ai-edge-litert is not installed; run: pip install 'ai-edge-litert==2.3.*'"
    if not _has_gpu() and swiftshader() is None:
        return (
            "There is no GPU with a Vulkan driver here; for one in software run: edgekit setup gpu"
        )
    return ""


def _setup(progress: Progress) -> None:
    if not _has_gpu() and swiftshader() is None:
        progress(0.1, "fetching the software Vulkan driver from Debian's chromium-common")
        with atomic(home() / "swiftshader") as folder:
            _fetch(folder)
    progress(0.9, "running a tiny model on the GPU accelerator")
    try:
        prove("litert-gpu")
    except Unavailable:
        shutil.rmtree(home() / "swiftshader", ignore_errors=True)
        raise


def _fetch(folder: Path) -> None:
    """Fetch packages of many megabytes; keep the driver, the Vulkan loader and the licences."""
    folder.mkdir()
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        root = Path(scratch)
        packages = ["chromium-common", "libvulkan1"]
        debian.unpack(packages, root, architecture=debian.architecture())
        for name in (ICD, "libvk_swiftshader.so"):
            shutil.copy(next(root.rglob(name)), folder)
        shutil.copy(next(root.glob(f"usr/lib/*/{LOADER}")), folder / LOADER)
        for package in packages:
            notice = root / "usr/share/doc" / package / "copyright"
            shutil.copy(notice, folder / f"{package}.copyright")


runtime = Runtime(
    options={"backend": "compiled", "module": "ai_edge_litert.compiled_model"},
    command=_command,
    missing=_missing,
    setup=_setup,
    software_adapter="swiftshader",
    devices=("local", "ssh"),
    install="python3 -m pip install 'ai-edge-litert==2.3.*'",
)
