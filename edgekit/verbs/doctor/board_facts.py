"""What a board's Python says of itself; sent there as text, so standard library and Python 3.6."""

import json
import platform
import struct
import sys
from pathlib import Path

PACKAGES = ("numpy", "tflite-runtime", "ai-edge-litert")


def version(name: str) -> str:
    """Return the version of a package that can be imported; "" if it is not there."""
    try:
        module = __import__(name.replace("-", "_"))
    except Exception:  # a broken package may raise anything, and then does not work either
        return ""
    try:
        from importlib import metadata  # since Python 3.8

        return metadata.version(name)
    except Exception:  # such as a package that was put there without its metadata
        return str(getattr(module, "__version__", "of unknown version"))


def system() -> str:
    """Return what the system calls itself."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        fields = dict(line.split("=", 1) for line in lines if "=" in line)
        return fields["PRETTY_NAME"].strip('"')
    except (OSError, KeyError):
        return platform.platform()


facts = {
    "system": system(),
    "machine": platform.machine(),
    "bits": struct.calcsize("P") * 8,
    "python": list(sys.version_info[:3]),
    "packages": {name: version(name) for name in PACKAGES},
}
print(json.dumps(facts))
