"""Run the models of a bundle by name, with floats in and out, on whichever runtime is installed.

`tflite-runtime` is taken if it is there, else `ai-edge-litert`.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable, List, Optional, TypedDict

import numpy as np

from .arrays import Array, Batch, Run

if TYPE_CHECKING:
    from types import ModuleType

    from tflite_runtime.interpreter import Interpreter

Open = Callable[[Path, int], "Interpreter"]
"""`(file, threads) -> interpreter`, on whatever it chooses."""

BUNDLE = "bundle.json"
"""What a bundle says of itself."""
SIGNATURE = "signature.json"
"""What bundles had in its place before there was a version."""
VERSION = 1
"""Newest form of `bundle.json` that is read here."""
LABELS = "labels.txt"


class Quantization(TypedDict):
    """How whole numbers stand for real ones: real = scale * (number - zero_point)."""

    scale: float
    zero_point: int


class TensorFacts(TypedDict):
    """What `bundle.json` says of an input or output."""

    name: str
    index: int
    shape: List[int]
    dtype: str
    quantization: Optional[Quantization]


class ModelFacts(TypedDict):
    """What `bundle.json` says of a model file."""

    variant: str
    part: str
    file: str
    inputs: List[TensorFacts]
    outputs: List[TensorFacts]


def load(
    folder: Path | str, variant: str, *, threads: int = 1, opened: Optional[Open] = None
) -> dict[str, Run]:
    """Load a variant's models.

    Args:
        folder: The bundle, with its `bundle.json`.
        variant: Such as `int8`.
        threads: Threads of each interpreter.
        opened: Opens a file; on the CPU if None.

    Returns:
        Part name (`model` if there is one file) -> function of a batch: input name -> array with
        the batch axis first, any number of examples; it returns output name -> array.

    Raises:
        SystemExit: The bundle has no such variant, or no runtime is installed.
    """
    models = describe(folder, variant)
    return {
        part: _function((opened or open_on_cpu)(Path(folder) / model["file"], threads), model)
        for part, model in models.items()
    }


def describe(folder: Path | str, variant: str) -> dict[str, ModelFacts]:
    """Return what a bundle says of a variant's models: part name -> file, inputs and outputs.

    Raises:
        SystemExit: The folder is no bundle, or has no such variant.
    """
    path = facts_file(folder)
    if not path.is_file():
        raise SystemExit(f"'{folder}' has no {BUNDLE}; name the folder of a bundle (--bundle).")
    facts = json.loads(path.read_text(encoding="utf-8"))
    if problem := too_new(facts.get("version", 0)):
        raise SystemExit(f"'{path}' {problem}")
    models: list[ModelFacts] = facts["models"]
    chosen = {model["part"]: model for model in models if model["variant"] == variant}
    if not chosen:
        there = ", ".join(dict.fromkeys(model["variant"] for model in models))
        raise SystemExit(f"There is no variant '{variant}' in this bundle; it has {there}.")
    return chosen


def facts_file(folder: Path | str) -> Path:
    """Return the file in which a bundle says what it holds, whether it is there or not."""
    new, old = Path(folder) / BUNDLE, Path(folder) / SIGNATURE
    return old if old.is_file() and not new.is_file() else new


def too_new(version: int) -> str:
    """Return "" if a version of `bundle.json` can be read here, else the rest of a sentence."""
    if version <= VERSION:
        return ""
    return (
        f"has version {version}, and this program reads up to {VERSION}; take the program that "
        "came with the bundle, or a newer edgekit."
    )


def read_labels(folder: Path | str) -> list[str]:
    """Return the labels of a bundle, in the order of its model's scores.

    Raises:
        OSError: There is no `labels.txt` in the folder.
    """
    return (Path(folder) / LABELS).read_text(encoding="utf-8").splitlines()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every program of a bundle understands."""
    parser.add_argument("--variant", default="float32", help="model to use, such as int8")
    parser.add_argument(
        "--bundle",
        type=Path,
        default=Path(sys.argv[0]).resolve().parent,
        help="folder of the bundle; the program's own if not given",
    )


def find_file(name: Path | str, bundle: Path) -> Path:
    """Return the file that a user named: from the current folder, or else of the bundle."""
    return Path(name) if Path(name).exists() or not (bundle / name).exists() else bundle / name


def open_on_cpu(path: Path, threads: int) -> Interpreter:
    """Open a model on the runtime that is installed.

    Raises:
        SystemExit: None is installed, or it is not for the NumPy that is.
    """
    try:
        return runtime().Interpreter(str(path), num_threads=threads)
    except SystemError as error:  # what NumPy 2 makes of modules that were built for NumPy 1
        raise SystemExit(
            f"The runtime here does not go with NumPy {np.__version__} ({error}). tflite-runtime "
            "2.14 needs NumPy 1: pip install 'numpy<2'; or take ai-edge-litert in its place."
        ) from error


def runtime() -> ModuleType:
    """Return the interpreter's module of tflite-runtime if that is here, else of ai-edge-litert.

    Raises:
        SystemExit: Neither is installed.
    """
    try:
        from tflite_runtime import interpreter
    except ImportError:
        try:
            from ai_edge_litert import interpreter
        except ImportError as error:
            raise SystemExit(f"There is no runtime here: {_how_to_get_one()}") from error
    module: ModuleType = interpreter
    return module


def _how_to_get_one() -> str:
    if struct.calcsize("P") == 8:
        return "pip install tflite-runtime 'numpy<2', or ai-edge-litert."
    return (
        "this Python has 32 bits. ai-edge-litert has no wheel for it, and tflite-runtime 2.14 one "
        "for Python 3.11 and older alone, in which nothing was tried. Install the 64-bit system."
    )


def _function(interpreter: Interpreter, model: ModelFacts) -> Run:
    interpreter.allocate_tensors()

    def run(batch: Batch) -> Batch:
        count = len(next(iter(batch.values())))
        answers = [_invoke(interpreter, model, batch, index) for index in range(count)]
        return {name: np.concatenate([each[name] for each in answers]) for name in answers[0]}

    return run


def _invoke(interpreter: Interpreter, model: ModelFacts, batch: Batch, index: int) -> Batch:
    # A fused LSTM keeps its state from one call to the next; each example starts from none.
    interpreter.reset_all_variables()
    for tensor in model["inputs"]:
        value = np.asarray(batch[tensor["name"]])[index : index + 1]
        interpreter.set_tensor(tensor["index"], _quantized(tensor, value).reshape(tensor["shape"]))
    interpreter.invoke()
    return {
        tensor["name"]: _real(tensor, interpreter.get_tensor(tensor["index"]))
        for tensor in model["outputs"]
    }


def _quantized(tensor: TensorFacts, value: Array) -> Array:
    dtype, quantization = np.dtype(tensor["dtype"]), tensor["quantization"]
    if not quantization:
        return value.astype(dtype)
    limits = np.iinfo(dtype)
    steps = np.round(value.astype(np.float64) / quantization["scale"]) + quantization["zero_point"]
    return np.clip(steps, limits.min, limits.max).astype(dtype)


def _real(tensor: TensorFacts, value: Array) -> Array:
    quantization = tensor["quantization"]
    if not quantization:
        return value
    steps = value.astype(np.float64) - quantization["zero_point"]
    return (steps * quantization["scale"]).astype(np.float32)
