"""Which files may pip install into the environments that `edgekit setup` makes?

Run `python benchmarks/pin_environments.py`, with uv on PATH (`pip install uv`), after a version
below changed. It writes `edgekit/running/environments/NAME.txt`: each package, also those that
others need, with the SHA-256 of every file that PyPI has of that version. pip then takes the wheel
that fits the machine and its Python, if its checksum is among them, and no source archive. Look at
the difference before you commit it: whoever answers the queries decides which checksums they are.

Source: Astral, uv, Locking environments, https://docs.astral.sh/uv/pip/compile.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgekit.core import processes
from edgekit.running.environments import tflite_runtime
from edgekit.running.environments.making import requirements
from edgekit.running.ethos_u import environment as ethos_u
from edgekit.runtimes import tensorflow, tflite_micro

INDEX = "https://pypi.org/simple"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What is asked for.

    Attributes:
        packages: Requirements as pip reads them.
        oldest: The oldest Python that the environment may have.
        options: Of `uv pip compile`.
    """

    packages: tuple[str, ...]
    oldest: str
    options: tuple[str, ...] = ()


_LITE = f"tflite-runtime=={tflite_runtime.VERSION}"
_X86 = "sys_platform == 'linux' and platform_machine == 'x86_64'"
_OTHER = "sys_platform != 'linux' or platform_machine != 'x86_64'"
ENVIRONMENTS = {
    "tflite-runtime": Environment(
        # NumPy 1.24.4 is the last for Python 3.8.
        packages=(
            _LITE,
            "numpy==1.26.4; python_version >= '3.9'",
            "numpy==1.24.4; python_version < '3.9'",
        ),
        oldest="3.8",
    ),
    "tflite-micro": Environment(
        packages=(f"tflite-micro=={tflite_micro.VERSION}", "numpy>=2,<3"),
        oldest="3.11",
    ),
    "ethos-u": Environment(
        packages=(f"ethos-u-vela=={ethos_u.VERSION}",),
        oldest="3.11",
    ),
    "tensorflow": Environment(
        packages=(
            f"tensorflow-cpu=={tensorflow.VERSION}; {_X86}",
            f"tensorflow=={tensorflow.VERSION}; {_OTHER}",
        ),
        oldest="3.9",
    ),
    "raspberry-pi": Environment(
        # Of what LiteRT needs, the interpreter imports NumPy alone.
        packages=(_LITE, "numpy==1.26.4", "ai-edge-litert==2.3.0"),
        oldest="3.11",
        options=("--no-deps",),
    ),
}


def pinned(name: str, wanted: Environment, uv: str) -> str:
    """Return the file of requirements of an environment.

    Args:
        name: Of the runtime or device.
        wanted: What is asked for.
        uv: Path of the program.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "asked-for").write_text("\n".join(wanted.packages), encoding="utf-8")
        (folder / "never").write_text("tensorflow-intel", encoding="utf-8")  # Windows' alone
        what = ["asked-for", "--excludes", "never", "--python-version", wanted.oldest]
        files = ["--generate-hashes", "--only-binary", ":all:", "--default-index", INDEX]
        one = ["--universal", "--fork-strategy", "fewest"]  # of each package for all, if it can be
        form = ["--quiet", "--no-header", "--annotation-style", "line"]
        arguments = [uv, "pip", "compile", *what, *files, *one, *form, *wanted.options]
        done = processes.run(arguments, cwd=folder)
    if not done.ok:
        sys.exit(f"uv pins no packages for {name}: {done.stderr.strip()}")
    return (
        f"# What `edgekit setup {name}` lets pip install. Made by uv: run\n"
        "# `python benchmarks/pin_environments.py`, and do not edit.\n" + done.stdout
    )


def main() -> None:
    """Write the files of all environments."""
    uv = shutil.which("uv") or sys.exit("uv is not on PATH; run: pip install uv")
    for name, wanted in ENVIRONMENTS.items():
        text = pinned(name, wanted, uv)
        requirements(name).write_text(text, encoding="utf-8")
        num_packages = len(re.findall(r"(?m)^\w", text))
        print(f"{name}: {num_packages} packages, {text.count('--hash=')} files")


if __name__ == "__main__":
    main()
