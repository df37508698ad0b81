"""A Cortex-A72 board with Debian 12, emulated by qemu: its operators and numbers, not its speed.

Only programs are emulated, not the board's system: Debian 12's Python for arm64, NumPy,
tflite-runtime and ai-edge-litert with their ARM kernels, unpacked into a folder. Nothing needs root
rights. For a real board use `ssh://user@host`.

Source: QEMU, user mode emulation, https://www.qemu.org/docs/master/user/main.html; fields of
`/proc/cpuinfo` as Linux writes them, arch/arm64/kernel/cpuinfo.c.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command, Device, Runtime
from edgekit.core.paths import atomic, home
from edgekit.core.types import Progress
from edgekit.running import debian
from edgekit.running.environments.making import install_pinned
from edgekit.running.smoke_test import prove

QEMU = "qemu-aarch64-static"
PYTHON = "3.11"
"""Debian 12's, which the wheels must be for."""
TAGS = ("manylinux_2_34_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")
"""Those of tflite-runtime's, ai-edge-litert's and NumPy's wheels; its C library fits each."""
PROCESSOR = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
"""What a Raspberry Pi 4 says of each of its four Cortex-A72 cores.

ai-edge-litert 2.3.0 asks /proc/cpuinfo which cores there are. The emulator shows it this machine's,
and an x86 processor's ends it with SIGSEGV when a model is opened (qemu 7.2).
"""
CORES = 4


def _folder() -> Path:
    return home() / "raspberry-pi"


def _cpuinfo() -> Path:
    """Return what programs are shown as `/proc/cpuinfo`; it is written last."""
    return _folder() / "root/proc/cpuinfo"


def _qemu() -> str:
    """Return the path of the emulator: the system's, or ours; "" if there is none."""
    ours = _folder() / "qemu/usr/bin" / QEMU
    return shutil.which(QEMU) or (str(ours) if ours.exists() else "")


def _command(_runtime: Runtime) -> Command:
    root = _folder() / "root"
    packages = {"PYTHONPATH": str(root / "wheels"), "PYTHONHOME": "", "OPENBLAS_NUM_THREADS": "1"}
    python = (str(root / "usr/bin/python3"), "-s", "-P")
    argv = (_qemu(), "-cpu", "cortex-a72", "-L", str(root), *python)
    return Command(argv=argv, env=packages)


def _missing() -> str:
    if sys.platform != "linux":
        return "The emulated Raspberry Pi needs Linux; use a real one: ssh://user@host"
    if not (_cpuinfo().exists() and _qemu()):
        return "The emulated Raspberry Pi is not there; run: edgekit setup raspberry-pi"
    return ""


def _setup(progress: Progress) -> None:
    if sys.platform != "linux":
        raise Unavailable(_missing())
    with atomic(_folder()) as folder:
        root = folder / "root"
        progress(0.0, "fetching Debian's Python for arm64")
        packages = ["python3", "libstdc++6"]
        debian.unpack(packages, root, architecture="arm64", dependencies=True)
        if shutil.which(QEMU) is None:
            progress(0.3, "fetching the emulator")
            here = debian.architecture()
            debian.unpack(["qemu-user-static"], folder / "unpacked", architecture=here)
            emulator = folder / "qemu/usr/bin"
            emulator.mkdir(parents=True)
            shutil.move(folder / "unpacked/usr/bin" / QEMU, emulator)
            shutil.rmtree(folder / "unpacked")
        progress(0.6, "fetching NumPy, tflite-runtime and LiteRT for arm64")
        _install_wheels(root / "wheels")
        processors = [PROCESSOR.format(number=number) for number in range(CORES)]
        (root / "proc").mkdir()
        (root / "proc/cpuinfo").write_text("".join(processors))
    progress(0.9, "running a tiny model on it")
    try:
        for runtime in ("tflite-runtime", "litert"):
            prove(runtime, "raspberry-pi")
    except Unavailable:
        shutil.rmtree(_folder(), ignore_errors=True)
        raise


def _install_wheels(folder: Path) -> None:
    """Let this machine's pip unpack the board's wheels into a folder."""
    board = ["--python-version", PYTHON, "--implementation", "cp"]
    board += [option for tag in TAGS for option in ("--platform", tag)]
    into = ["--no-deps", "--no-compile", "--target", str(folder)]
    install_pinned("raspberry-pi", [sys.executable, "-P"], [*board, *into])


device = Device(
    command=_command,
    missing=_missing,
    setup=_setup,
    runtimes=("tflite-runtime", "tflite-runtime-reference", "litert"),
    times_mean_something=False,
)
