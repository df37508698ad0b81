"""Explains why a conversion process died: memory, time, a loop, NaN, or a certain layer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from edgekit.conversion.diagnosis import Diagnosis, Layers, diagnose
from edgekit.conversion.layer_search import (
    SEARCH_S,
    first_failing,
    first_not_finite,
    layers_of,
    operator_paths,
)
from edgekit.core.child_process import Child, ChildDied
from edgekit.core.errors import EdgekitError
from edgekit.core.variant import Precision
from edgekit.intake.examples import as_npz
from edgekit.intake.model import load_asked
from edgekit.intake.options import PLAIN, Options
from edgekit.source_model.calibration import load_calibration
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.recurrent import prepare
from edgekit.source_model.reference import CHILD_ENV

CALIBRATING = "calibrating"
CONVERTING = "converting"

P = ParamSpec("P")
T = TypeVar("T")


def explain_death(
    death: ChildDied,
    *,
    source: Path,
    precision: Precision,
    calibration: Path | None,
    options: Options = PLAIN,
) -> str:
    """Return finding and remedy for a conversion whose process ended without a result.

    Args:
        death: How it ended.
        source: The model file.
        precision: As asked for.
        calibration: As given.
        options: As asked for.
    """
    if death.cause == "timeout":
        return str(_timeout(death.stage))
    if death.cause == "SIGKILL":
        return str(diagnose("Killed by the system: out of memory"))
    if not death.cause.startswith("SIG") or death.stage not in (CALIBRATING, CONVERTING):
        return str(diagnose(f"{death}\n{death.log_tail}"))
    with tempfile.TemporaryDirectory() as scratch:
        arrays, layer = None, ""
        if calibration:
            arrays = _asked(calibration_arrays, source, calibration, options, Path(scratch))
        cause = None
        if death.stage == CALIBRATING and arrays:
            cause = _asked(calibration_hazard, source, arrays, precision, options)
        if cause:
            return cause
        if arrays or not calibration:
            layer = first_failing(source, precision, arrays, options)
    return str(_crash(death.cause, death.stage, layer))


def calibration_arrays(source: Path, calibration: Path, options: Options, folder: Path) -> Path:
    """In a child: return the `.npz` of calibration data as a user gives them."""
    model, _ = load_asked(source, options)
    return as_npz(calibration, model, folder / "calibration.npz", pixels=options.pixels)[0]


def calibration_hazard(
    source: Path, calibration: Path, precision: Precision, options: Options
) -> str:
    """In a child: return what in a model the calibrator may have crashed on, or ""."""
    model, _ = load_asked(source, options)
    prepare(model, precision=precision, form=options.recurrent)
    signature, layers = signature_of(model), layers_of(model)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "saved_model"
        export(model, folder, signature)
        loops = operator_paths(folder, ("WHILE",), layers)
        if loops and precision == "int16x8":  # int8 is calibrated around them
            return str(_loop(layers.sentence(loops)))
    layer = first_not_finite(model, load_calibration(calibration, signature))
    return str(not_finite(layers, layer)) if layer else ""


def not_finite(layers: Layers, layer: str) -> Diagnosis:
    """Return the diagnosis for a model that computes NaN or infinity; `layer` may be ""."""
    return Diagnosis(
        name="not-finite",
        finding="The model computes NaN or infinity for some calibration example"
        f"{f' in {layers.label(layer)}' if layer else ''}.",
        remedy="Look at model.predict on those examples; correct the layer or the data.",
    )


def _asked(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Call a function in a child; return None if that crashed for the same reason."""
    try:
        return Child(timeout_s=SEARCH_S, env=CHILD_ENV).call(function, *args, **kwargs)
    except EdgekitError:
        return None


def _timeout(stage: str) -> Diagnosis:
    return Diagnosis(
        name="timeout",
        finding=f"The conversion took too long and was stopped while {stage}.",
        remedy="Calibrate on fewer examples, or allow more time (timeout_s).",
    )


def _loop(where: str) -> Diagnosis:
    return Diagnosis(
        name="loop-in-int16x8",
        finding=f"TensorFlow's calibrator crashes on the loop (WHILE){where}.",
        remedy="Convert the .keras or .h5 file, whose recurrent layers edgekit unrolls; unroll a "
        "loop of your own (unroll=True). int8, float16 and dynamic_int8 take loops.",
    )


def _crash(signal: str, stage: str, layer: str) -> Diagnosis:
    where = f" at layer '{layer}'" if layer else ""
    return Diagnosis(
        name="crash",
        finding=f"TensorFlow's converter died ({signal}) while {stage}{where}.",
        remedy="Replace the layer, or use another precision: float16 and dynamic_int8 need no "
        "calibration.",
    )
