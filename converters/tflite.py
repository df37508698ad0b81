"""TFLite files of every precision, written by TensorFlow's converter in a child process.

Built-in operators only, static batch 1, weights frozen. If the converter refuses or crashes, the
error is a diagnosis that names the layer and a remedy.
"""

from __future__ import annotations

import importlib.util
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from edgekit.conversion.corrections import apply_corrections
from edgekit.conversion.crash_diagnosis import CALIBRATING, CONVERTING, explain_death, not_finite
from edgekit.conversion.diagnosis import Layers, diagnose, listed, unquantized_in
from edgekit.conversion.layer_search import first_not_finite, layers_of, operator_paths
from edgekit.conversion.tf_converter import (
    PLAIN,
    STATIC,
    Options,
    fault_of,
    flex_operators,
    has_trained_ranges,
    notes_of,
    order_ports,
    to_tflite,
)
from edgekit.core.child_process import Child, ChildDied, report_progress
from edgekit.core.errors import BadInput, ConversionFailed, NotFound, Unavailable
from edgekit.core.kinds import Artifact, Converter
from edgekit.core.paths import atomic, sha256
from edgekit.core.recipe import Signature
from edgekit.core.types import Batch
from edgekit.core.variant import PRECISIONS, Precision
from edgekit.source_model.calibration import how_to_make, load_calibration
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.interface import SourceModel, interface_of, is_tf_keras
from edgekit.source_model.loading import load_model
from edgekit.source_model.recurrent import DEFAULT, Form, check_form, prepare
from edgekit.source_model.reference import CHILD_ENV, cannot_run, run_model, write_reference
from edgekit.tflite.reader import read
from edgekit.tflite.sidecar import describe

_RUNNING = "running the source model"


def missing() -> str:
    """Return "" if TensorFlow and Keras are installed, else how to get them."""
    if all(importlib.util.find_spec(name) for name in ("tensorflow", "keras", "tf_keras")):
        return ""
    return "TensorFlow and Keras are not installed here: pip install 'edgekit-tflite[build]'."


def convert(
    source: Path,
    out: Path,
    *,
    precision: Precision,
    calibration: Path | None = None,
    float_io: bool = False,
    allow_select_ops: bool = False,
    recurrent: Form = DEFAULT,
    vectors: Path | None = None,
    timeout_s: float = 3600.0,
) -> Artifact:
    """Convert a Keras model file or a SavedModel to a `.tflite`.

    Inputs and outputs keep the names and the order they have in Keras. A free batch is fixed at 1.

    Args:
        source: `.keras`, `.h5`, or a SavedModel folder, such as
            `edgekit.source_model.export.export` writes from a model that was trained
            quantization-aware.
        out: The `.tflite` to write; it appears only when complete.
        precision: One of `edgekit.core.variant.PRECISIONS`.
        calibration: `.npz`, one array per input under its name, batch axis first, 100 to 500
            examples. `int8` and `int16x8` need it, unless `source` was trained
            quantization-aware; the other precisions ignore it.
        float_io: For `int8` and `int16x8`. By default integers go in and out, with the scale and
            zero point given in the file: microcontrollers, NPUs and the Edge TPU then run the
            whole file, and a camera's bytes need no conversion to float. True puts a QUANTIZE at
            the start and a DEQUANTIZE at the end, for programs written for a float file.
        allow_select_ops: Whether operators of TensorFlow itself may stay in the file; it then
            runs only on an interpreter with the Flex delegate.
        recurrent: One of `edgekit.source_model.recurrent.FORMS`. In a `small` file an LSTM is one
            operator; layers without an operator of their own, such as GRU and SimpleRNN, are a
            loop, or in `int8` and `int16x8`, which have no loops, steps written one after another.
            `fast` writes all of them as steps.
        vectors: Where to write golden vectors of the source model before it is converted, on
            calibration data or random input; see
            `edgekit.source_model.reference.write_reference`. None writes none.
        timeout_s: Seconds after which the conversion is stopped.

    Returns:
        The artifact; in its `made_by`, keys that begin with `note` tell what was decided for the
        user.

    Raises:
        NotFound, BadInput: The request, the model or the calibration data cannot be used.
        ConversionFailed: The converter refused or crashed; names the cause, the layer and a remedy.
    """
    _check_request(source, precision, calibration)
    check_form(recurrent)
    stage = ["starting"]
    try:
        written = Child(
            timeout_s=timeout_s, progress=lambda _, doing: stage.append(doing), env=CHILD_ENV
        ).call(
            write,
            source,
            out.absolute(),
            precision,
            calibration,
            options=Options(
                float_io=float_io, allow_select_ops=allow_select_ops, recurrent=recurrent
            ),
            vectors=vectors.absolute() if vectors else None,
        )
    except ChildDied as death:
        if stage[-1] == _RUNNING:
            raise cannot_run(source, death) from death
        why = explain_death(
            death, stage[-1], source=source, precision=precision, calibration=calibration
        )
        raise ConversionFailed(f"'{source}' to {precision}: {why}") from death
    return describe(out, precision=precision, signature=written.signature, made_by=written.made_by)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the child tells about a file that it wrote."""

    signature: Signature
    made_by: Mapping[str, str]


def write(
    source: Path,
    out: Path,
    precision: Precision,
    calibration: Path | None,
    options: Options = PLAIN,
    vectors: Path | None = None,
) -> Written:
    """In the child: convert `source` and write `out`, and before that its golden `vectors`."""
    report_progress(0.0, "reading the model")
    model = load_model(source)
    if vectors:
        report_progress(0.1, _RUNNING)
        write_reference(model, vectors, calibration=calibration)
    report_progress(0.15, "preparing the model")
    # Anything that changes a model for the converter belongs here, between reference and export.
    forms = prepare(model, precision=precision, form=options.recurrent)
    signature, layers = signature_of(model), layers_of(model)
    made_by = _made_by(model, source)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "saved_model"
        export(model, folder, signature)
        examples = None
        if precision in STATIC:
            examples, made_by["calibration"] = _examples(model, signature, calibration, folder)
        data = apply_corrections(_converted(folder, layers, precision, examples, options))
    order_ports(data, signature)
    notes = _deliver(data, out, precision, layers, options.allow_select_ops)
    notes = [*forms.values(), *notes]
    if "batch" in made_by:
        notes.insert(0, "The batch is fixed at 1; the source takes any number of examples.")
    made_by |= {f"note_{k}": note for k, note in enumerate(notes, 1)}
    return Written(signature=signature, made_by=made_by)


def _check_request(source: Path, precision: str, calibration: Path | None) -> None:
    if sentence := missing():
        raise Unavailable(sentence)
    if precision not in PRECISIONS:
        raise BadInput(f"precision is '{precision}'; allowed are {', '.join(PRECISIONS)}.")
    if not source.exists():
        raise NotFound(f"There is no '{source}'; give a .keras or .h5 file or a SavedModel folder.")
    if calibration and not calibration.exists():
        raise NotFound(f"There is no calibration file '{calibration}'; write one with np.savez.")


def _examples(
    model: SourceModel, signature: Signature, calibration: Path | None, folder: Path
) -> tuple[Batch | None, str]:
    """Return checked calibration data (None: ranges were trained) and a text on their origin."""
    report_progress(0.2, "checking the calibration data")
    if not calibration:
        if has_trained_ranges(folder):
            return None, "none; ranges are from quantization-aware training"
        raise BadInput(
            "int8 and int16x8 need calibration data, from which the ranges of the activations are "
            f"taken; there is none. {how_to_make(signature)}, and give that file as calibration."
        )
    examples = load_calibration(calibration, signature)
    answers = run_model(model, examples)
    if not all(np.isfinite(a).all() for a in answers.values() if a.dtype.kind == "f"):
        why = not_finite(layers_of(model), first_not_finite(model, examples))
        raise ConversionFailed(f"'{calibration}': {why}")
    count = len(next(iter(examples.values())))
    return examples, f"{count} examples, sha256 {sha256(calibration)}"


def _converted(
    folder: Path,
    layers: Layers,
    precision: Precision,
    examples: Batch | None,
    options: Options,
) -> bytearray:
    """Run TensorFlow's converter; explain what it raises."""
    report_progress(0.3, CALIBRATING if examples else CONVERTING)
    try:
        return to_tflite(folder, precision=precision, examples=examples, options=options)
    except Exception as error:  # TensorFlow raises a dozen kinds
        text = str(error) or type(error).__name__
        diagnosis = diagnose(text, layers)
        if operators := unquantized_in(text):  # that text has no locations
            paths = operator_paths(folder, operators, layers)
            where = layers.sentence(paths) or layers.sentence_by_kind(operators)
            finding = diagnosis.finding.removesuffix(".")
            diagnosis = replace(diagnosis, finding=f"{finding}{where}.")
        raise ConversionFailed(str(diagnosis)) from error


def _deliver(
    data: bytearray, out: Path, precision: Precision, layers: Layers, allow_select_ops: bool
) -> list[str]:
    """Write the file if it is sound; return notes on it for the user."""
    with atomic(out) as path:
        path.write_bytes(data)
        written = read(path)
        if fault := fault_of(written, layers, allow_select_ops=allow_select_ops):
            raise ConversionFailed(str(fault))
        notes = notes_of(written, precision, layers)
        if flex := flex_operators(written):
            notes.append(f"It needs an interpreter with the Flex delegate, for {listed(flex)}.")
    return notes


def _made_by(model: SourceModel, source: Path) -> dict[str, str]:
    packages = ["edgekit-tflite", "tensorflow", "keras", *(["tf_keras"] * is_tf_keras(model))]
    made_by = {
        "converter": "tflite",
        "source": source.name,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
    if interface_of(model).has_free_batch:
        made_by["batch"] = "fixed at 1"
    return made_by


converter = Converter(precisions=PRECISIONS, convert=convert, missing=missing)
