"""Run the models of a bundle by name, with floats in and out, on whichever runtime is installed.

`tflite-runtime` is taken if it is there, else `ai-edge-litert`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np

Array = Any
"""A NumPy array."""

Batch = Mapping[str, Array]
Run = Callable[[Batch], Batch]


def load(folder: Path | str, variant: str, *, threads: int = 1) -> dict[str, Run]:
    """Load a variant's models.

    Args:
        folder: The bundle, with its `signature.json`.
        variant: Such as `int8`.
        threads: Threads of each interpreter.

    Returns:
        Part name (`model` if there is one file) -> function of a batch: input name -> array with
        the batch axis first, any number of examples; it returns output name -> array.

    Raises:
        SystemExit: The bundle has no such variant, or no runtime is installed.
    """
    facts = json.loads((Path(folder) / "signature.json").read_text(encoding="utf-8"))
    models = [model for model in facts["models"] if model["variant"] == variant]
    if not models:
        there = ", ".join(dict.fromkeys(model["variant"] for model in facts["models"]))
        raise SystemExit(f"There is no variant '{variant}' in this bundle; it has {there}.")
    return {model["part"]: _function(Path(folder), model, threads) for model in models}


def add_arguments(parser: Any) -> None:
    """Add what every program of a bundle understands to an `argparse` parser."""
    parser.add_argument("--variant", default="float32", help="model to use, such as int8")
    parser.add_argument(
        "--bundle", type=Path, default=Path(__file__).parent, help="folder of the bundle"
    )


def _function(folder: Path, model: Mapping[str, Any], threads: int) -> Run:
    interpreter = _interpreter_class()(str(folder / model["file"]), num_threads=threads)
    interpreter.allocate_tensors()

    def run(batch: Batch) -> Batch:
        count = len(next(iter(batch.values())))
        answers = [_invoke(interpreter, model, batch, index) for index in range(count)]
        return {name: np.concatenate([each[name] for each in answers]) for name in answers[0]}

    return run


def _invoke(interpreter: Any, model: Mapping[str, Any], batch: Batch, index: int) -> Batch:
    # A fused LSTM keeps its state from one call to the next; each example starts from none.
    interpreter.reset_all_variables()
    for port in model["inputs"]:
        value = np.asarray(batch[port["name"]])[index : index + 1]
        interpreter.set_tensor(port["index"], _quantized(port, value).reshape(port["shape"]))
    interpreter.invoke()
    found = {}
    for port in model["outputs"]:
        found[port["name"]] = _real(port, interpreter.get_tensor(port["index"]))
    return found


def _quantized(port: Mapping[str, Any], value: Array) -> Array:
    dtype = np.dtype(port["dtype"])
    if not port["quantization"]:
        return value.astype(dtype)
    scale, zero_point = port["quantization"]["scale"], port["quantization"]["zero_point"]
    limits = np.iinfo(dtype)
    steps = np.round(value.astype(np.float64) / scale) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(dtype)


def _real(port: Mapping[str, Any], value: Array) -> Array:
    if not port["quantization"]:
        return value
    scale, zero_point = port["quantization"]["scale"], port["quantization"]["zero_point"]
    return ((value.astype(np.float64) - zero_point) * scale).astype(np.float32)


def _interpreter_class() -> Any:
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise SystemExit(
                "There is no runtime here: pip install tflite-runtime 'numpy<2', or ai-edge-litert."
            ) from error
    return Interpreter
