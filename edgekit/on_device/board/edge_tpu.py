"""Run a bundle's models on a Coral Edge TPU by libedgetpu; on the CPU only after saying so.

A model runs there if Google's `edgetpu_compiler` made of `int8.tflite` a file
`int8_edgetpu.tflite`, and that lies beside it.

Source: Google, Coral, https://coral.ai/docs/edgetpu/tflite-python/.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from ..interpreter import Open, open_on_cpu, runtime

if TYPE_CHECKING:
    from tflite_runtime.interpreter import Interpreter

LIBRARY = "libedgetpu.so.1"
COMPILED = "_edgetpu"
"""What the compiler appends to the name of a file."""
OPERATOR = b"edgetpu-custom-op"
"""Name of the operator that holds what was compiled."""


def on_edge_tpu(library: str, fell_back: Callable[[str], None]) -> Open:
    """Return what opens a model on the Edge TPU; on the CPU where that cannot be.

    Args:
        library: Of the delegate, such as `libedgetpu.so.1`.
        fell_back: Told why a model runs on the CPU.
    """

    def opened(path: Path, threads: int) -> Interpreter:
        try:
            return _opened(path.with_name(f"{path.stem}{COMPILED}{path.suffix}"), library)
        except (OSError, RuntimeError, ValueError) as error:
            why = " ".join(str(error).split()).rstrip(".")
            fell_back(f"{path.name} runs on the CPU: {why or f'{library} does not start'}.")
            return open_on_cpu(path, threads)

    return opened


def _opened(path: Path, library: str) -> Interpreter:
    if not path.is_file():
        raise ValueError(
            f"there is no {path.name} beside it, which edgetpu_compiler makes on an x86-64 machine"
        )
    if OPERATOR not in path.read_bytes():
        raise ValueError(f"{path.name} has no operator for the Edge TPU; compile it anew")
    module = runtime()
    try:
        ctypes.CDLL(library)  # where this fails, `load_delegate` also prints a traceback
        delegate = module.load_delegate(library)
    except OSError as error:
        raise ValueError(f"{library} is not installed ({error})") from error
    except ValueError as error:
        raise ValueError(f"{library} finds no Edge TPU; plug one in ({error})") from error
    interpreter: Interpreter = module.Interpreter(
        str(path), num_threads=1, experimental_delegates=[delegate]
    )
    interpreter.allocate_tensors()  # refuses the operator if the delegate did not take it
    return interpreter
