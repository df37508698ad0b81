"""Where a file of a precision is slower than float32, which its user may not expect."""

from __future__ import annotations

import platform
from collections.abc import Collection

_SLOW_INT8 = (
    "int8 is slower than float32 on tflite-runtime 2.14 on x86, which does not accelerate it "
    "there (2.6 to 10 times on a small CNN); on LiteRT it is faster."
)


def slow_here(precision: str, runtimes: Collection[str]) -> tuple[str, ...]:
    """Return a sentence if a precision is slower than float32 on a runtime of this machine.

    Args:
        precision: Of the file.
        runtimes: Names of the runtimes on which it ran.
    """
    on_x86 = platform.machine() in ("x86_64", "AMD64")
    return (_SLOW_INT8,) if on_x86 and precision == "int8" and "tflite-runtime" in runtimes else ()
