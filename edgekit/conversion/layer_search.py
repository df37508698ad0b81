"""Find the layer that made the converter fail when its message does not name it.

There are three ways, cheapest first: look up where the operators of the float file came from; run
the model layer by layer and look for NaN; convert longer and longer beginnings of the model, each
in its own process, until one fails.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.tf_converter import path_of, to_tflite
from edgekit.core.child_process import Child
from edgekit.core.errors import EdgekitError
from edgekit.core.types import Batch
from edgekit.core.variant import Precision
from edgekit.intake.model import load_asked
from edgekit.intake.options import Options
from edgekit.source_model.calibration import load_calibration
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.interface import KerasModel, SavedModel, SourceModel, is_tf_keras
from edgekit.source_model.recurrent import prepare
from edgekit.source_model.reference import CHILD_ENV, run_model
from edgekit.tflite.reader import read

if TYPE_CHECKING:
    import keras

SEARCH_S = 300.0
"""Time limit of the search for a layer; after it the failure is reported without one."""


def layers_of(model: SourceModel) -> Layers:
    """Return the names of a loaded model's layers, those of nested models included."""
    if isinstance(model, SavedModel):
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


def first_not_finite(model: SourceModel, batch: Batch) -> str:
    """Return the first layer that computes NaN or infinity for some example, or ""."""
    for length, (name, _) in enumerate(_steps(model), 1):
        answers = run_model(_beginning(model, length), batch)
        if not all(np.isfinite(a).all() for a in answers.values() if a.dtype.kind == "f"):
            return name
    return ""


def first_failing(
    source: Path, precision: Precision, calibration: Path | None, options: Options
) -> str:
    """Return the layer from which on beginnings of the model no longer convert, or "".

    Args:
        source: The model file.
        precision: As asked for.
        calibration: The `.npz` that the conversion was given, or that was made of it.
        options: As asked for.
    """
    deadline = time.monotonic() + SEARCH_S

    def fails(length: int) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            Child(timeout_s=left, env=CHILD_ENV).call(
                convert_beginning, source, precision, calibration, options, length
            )
        except EdgekitError:
            return True
        return False

    try:
        names = Child(env=CHILD_ENV).call(step_names, source, options)
        length = _first(len(names), fails)
    except (TimeoutError, EdgekitError):
        return ""
    return names[length - 1] if length else ""


def step_names(source: Path, options: Options) -> list[str]:
    """In a child: the names of the layers that `convert_beginning` counts, in order."""
    return [name for name, _ in _steps(load_asked(source, options)[0])]


def convert_beginning(
    source: Path, precision: Precision, calibration: Path | None, options: Options, length: int
) -> None:
    """In a child: convert the first `length` layers of a model; raises or dies if it cannot."""
    whole, _ = load_asked(source, options)
    prepare(whole, precision=precision, form=options.recurrent)
    model = _beginning(whole, length)
    signature = signature_of(model)
    examples = load_calibration(calibration, signature) if calibration else None
    with tempfile.TemporaryDirectory() as scratch:
        export(model, Path(scratch) / "model", signature)
        alone = replace(options, beside=())  # what was exported has one signature
        to_tflite(Path(scratch) / "model", precision=precision, examples=examples, options=alone)


def _kinds(model: KerasModel) -> Iterator[tuple[str, str]]:
    for step in getattr(model, "operations", None) or model.layers:
        yield step.name, type(step).__name__
        if hasattr(step, "layers"):
            yield from _kinds(step)


def _steps(model: SourceModel) -> list[tuple[str, keras.KerasTensor]]:
    """Return the layers and operations a model can end with, each with its only output."""
    steps = []
    for step in getattr(model, "operations", None) or getattr(model, "layers", []):
        try:
            output = step.output
        except (AttributeError, ValueError, RuntimeError):  # shared, or never called
            continue
        if type(step).__name__ != "InputLayer":
            steps.append((step.name, output))
    return steps


def _beginning(model: KerasModel, length: int) -> KerasModel:
    """Return the model up to its `length`-th step; every step on the way is an output.

    So a longer beginning contains each shorter one, and bisection finds the first that fails.
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
