"""The signatures that go into one file: each is exported, and converted, by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.conversion.crash_diagnosis import not_finite
from edgekit.conversion.layer_search import first_not_finite, layers_of
from edgekit.conversion.tf_converter import has_trained_ranges
from edgekit.core.child_process import report_progress
from edgekit.core.errors import BadInput, ConversionFailed
from edgekit.core.paths import sha256
from edgekit.core.recipe import Signature
from edgekit.core.types import Batch
from edgekit.source_model.calibration import how_to_make, load_calibration
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.interface import SourceModel
from edgekit.source_model.reference import run_model


@dataclass(frozen=True, kw_only=True)
class Part:
    """One signature of a file, exported.

    Attributes:
        name: "" for the only one.
        folder: The SavedModel.
        examples: Checked calibration data; None if none are needed, or ranges were trained.
        origin: Where they are from, as a text.
    """

    name: str
    signature: Signature
    folder: Path
    examples: Batch | None
    origin: str


def exported(
    name: str,
    model: SourceModel,
    folder: Path,
    calibration: Path | None,
    *,
    static: bool,
    count: int = 0,
) -> Part:
    """Export one signature, and read the examples for its ranges.

    Args:
        name: Of the signature; "" for the only one.
        model: The function behind it, prepared for the converter.
        folder: The SavedModel to write.
        calibration: As given; of several signatures its arrays are called `SIGNATURE/INPUT`.
        static: Whether a precision with fixed ranges is wanted, so that examples are read.
        count: How many examples are used, spread over those given; 0 for all.

    Raises:
        BadInput, BadData: There are no examples, or they cannot be used.
        ConversionFailed: The model answers them with NaN or infinity.
    """
    signature = signature_of(model)
    export(model, folder, signature)
    examples, origin = None, ""
    if static:
        examples, origin = _examples(name, model, signature, calibration, folder, count)
    return Part(name=name, signature=signature, folder=folder, examples=examples, origin=origin)


def _examples(
    part: str,
    model: SourceModel,
    signature: Signature,
    calibration: Path | None,
    folder: Path,
    wanted: int,
) -> tuple[Batch | None, str]:
    """Return checked calibration data (None: ranges were trained) and a text on their origin."""
    report_progress(0.2, "checking the calibration data")
    if not calibration:
        if has_trained_ranges(folder):
            return None, "none; ranges are from quantization-aware training"
        raise BadInput(
            "int8 and int16x8 need calibration data, from which the ranges of the activations are "
            f"taken; there is none. {how_to_make(signature, part)}, and give that file as "
            "calibration."
        )
    examples = load_calibration(calibration, signature, part=part)
    answers = run_model(model, examples)
    if not all(np.isfinite(a).all() for a in answers.values() if a.dtype.kind == "f"):
        why = not_finite(layers_of(model), first_not_finite(model, examples))
        raise ConversionFailed(f"'{calibration}': {why}")
    count = len(next(iter(examples.values())))
    if wanted > count:
        raise BadInput(
            f"{wanted} calibration examples were asked for and '{calibration}' has {count} to "
            f"calibrate with; ask for {count} at most, or leave examples out for all of them."
        )
    if wanted:
        examples = {name: a[np.arange(wanted) * count // wanted] for name, a in examples.items()}
    of = f"{wanted} of {count}" if wanted else str(count)
    return examples, f"{of} examples, sha256 {sha256(calibration)}"
