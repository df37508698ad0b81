"""Find the layer a converter's failure came from when its message does not say.

Three ways, cheapest first: look where the operators of the float file came from; run the model
layer by layer and look for NaN; convert ever longer beginnings of the model, each in a process of
its own, until one fails.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.tf_converter import path_of, to_tflite
from edgekit.core.child_process import Child
from edgekit.core.errors import EdgekitError
from edgekit.core.types import Batch
from edgekit.core.variant import Precision
from edgekit.source_model.interface import Program, is_tf_keras
from edgekit.source_model.recurrent import DEFAULT, prepare
from edgekit.source_model.reference import CHILD_ENV, run_model
from edgekit.tflite.reader import read

SEARCH_S = 300.0
"""Time given to the search for a layer; after it the failure is reported without one."""


def layers_of(model: Any) -> Layers:
    """Return the names of a loaded model's layers, nested models opened."""
    if isinstance(model, Program):
        return Layers(kinds={})
    return Layers(kinds=dict(_kinds(model)), numbered=not is_tf_keras(model))


def operator_paths(folder: Path, operators: Collection[str], layers: Layers) -> list[str]:
    """Return the paths of a SavedModel's operators of some kinds, from its float32 file.

    Args:
        folder: A SavedModel written by `edgekit.source_model.export.export`.
        operators: Names such as `WHILE`.
        layers: Of the model.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.tflite"
        path.write_bytes(to_tflite(folder, precision="float32"))
        return [
            path_of(op, graph, layers)
            for graph in read(path).subgraphs
            for op in graph.operators
            if op.name in operators
        ]


def first_not_finite(model: Any, batch: Batch) -> str:
    """Return the first layer that answers NaN or infinity to some example, or ""."""
    for length, (name, _) in enumerate(_steps(model), 1):
        answers = run_model(_beginning(model, length), batch)
        if not all(np.isfinite(a).all() for a in answers.values() if a.dtype.kind == "f"):
            return name
    return ""


def first_failing(source: Path, precision: Precision, calibration: Path | None) -> str:
    """Return the layer with which the beginning of a model stops converting, or "".

    Args:
        source: The model file.
        precision: As asked for.
        calibration: As given.
    """
    deadline = time.monotonic() + SEARCH_S

    def fails(length: int) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            Child(timeout_s=left, env=CHILD_ENV).call(
                convert_beginning, source, precision, calibration, length
            )
        except EdgekitError:
            return True
        return False

    try:
        names = Child(env=CHILD_ENV).call(step_names, source)
        found = _first(len(names), fails)
    except (TimeoutError, EdgekitError):
        return ""
    return names[found - 1] if found else ""


def step_names(source: Path) -> list[str]:
    """In a child: the names of the layers that `convert_beginning` counts, in order."""
    from edgekit.source_model.loading import load_model

    return [name for name, _ in _steps(load_model(source))]


def convert_beginning(
    source: Path, precision: Precision, calibration: Path | None, length: int
) -> None:
    """In a child: convert the first `length` layers of a model; raises or dies if it cannot."""
    from edgekit.source_model.calibration import load_calibration
    from edgekit.source_model.export import export, signature_of
    from edgekit.source_model.loading import load_model

    whole = load_model(source)
    prepare(whole, precision=precision, form=DEFAULT)
    model = _beginning(whole, length)
    signature = signature_of(model)
    examples = load_calibration(calibration, signature) if calibration else None
    with tempfile.TemporaryDirectory() as scratch:
        export(model, Path(scratch) / "model", signature)
        to_tflite(Path(scratch) / "model", precision=precision, examples=examples)


def _kinds(model: Any) -> Iterator[tuple[str, str]]:
    for step in getattr(model, "operations", None) or model.layers:
        yield step.name, type(step).__name__
        if hasattr(step, "layers"):
            yield from _kinds(step)


def _steps(model: Any) -> list[tuple[str, Any]]:
    """Return the layers and operations that have one output each: those a model can end with."""
    steps = []
    for step in getattr(model, "operations", None) or getattr(model, "layers", []):
        try:
            output = step.output
        except (AttributeError, ValueError, RuntimeError):  # shared, or never called
            continue
        if type(step).__name__ != "InputLayer":
            steps.append((step.name, output))
    return steps


def _beginning(model: Any, length: int) -> Any:
    """Return the model up to its `length`-th step; every step on the way is an output.

    That way a longer beginning contains each shorter one, and halving finds the first to fail.
    """
    import keras

    library = importlib.import_module("tf_keras") if is_tf_keras(model) else keras
    outputs = [output for _, output in _steps(model)[:length]]
    return library.Model(model.inputs, keras.tree.flatten(outputs))


def _first(count: int, fails: Callable[[int], bool]) -> int:
    """Return the smallest length in 1..count that fails, if longer ones fail too; 0 if none."""
    works, broken = 0, count
    if not count or not fails(count):
        return 0
    while broken - works > 1:
        middle = (works + broken) // 2
        works, broken = (works, middle) if fails(middle) else (middle, broken)
    return broken
