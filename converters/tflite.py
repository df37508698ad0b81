"""TFLite files of every precision, written by TensorFlow's converter in a child process.

Built-in operators only, static batch 1, weights frozen. If the converter refuses or crashes, the
error is a diagnosis that names the layer and a remedy.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.conversion import int4_weights
from edgekit.conversion.crash_diagnosis import explain_death
from edgekit.conversion.writing import READING, RUNNING, write_each
from edgekit.core.child_process import Child, ChildDied
from edgekit.core.errors import BadInput, ConversionFailed, NotFound, Unavailable
from edgekit.core.kinds import Artifact, Converter
from edgekit.core.processes import TIMEOUT
from edgekit.core.variant import PRECISIONS, Precision, check_quantization
from edgekit.explaining.worst_layers import with_worst_in_float
from edgekit.intake.options import PLAIN, Options, check_io
from edgekit.intake.signatures import check_signatures
from edgekit.source_model.recurrent import check_form
from edgekit.source_model.reference import CHILD_ENV, cannot_read, cannot_run
from edgekit.tflite.sidecar import describe

_ENV = {**CHILD_ENV, "MALLOC_ARENA_MAX": "1"}
"""The C library sets memory apart for each thread, and TensorFlow starts many: 5 % in all."""


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
    options: Options = PLAIN,
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
            examples; or what else `edgekit.intake.examples.as_npz` takes. `int8` and `int16x8` need
            it, unless `source` was trained quantization-aware; the other precisions ignore it.
        options: What else the user may choose.
        vectors: Where to write golden vectors of the source model before it is converted, on
            calibration data or random input; see
            `edgekit.source_model.reference.write_reference`. None writes none.
        timeout_s: Seconds after which the conversion is stopped.

    Returns:
        The artifact; in its `made_by`, keys that begin with `note` tell what was decided for the
        user.

    Raises:
        NotFound, BadData: The request, the model or the calibration data cannot be used.
        ConversionFailed: The converter refused or crashed; names the cause, the layer and a remedy.
    """
    _check_request(source, [precision], calibration, options)
    options = _settled(source, calibration, options, timeout_s)
    outs = {precision: out.absolute()}
    (result,) = _in_child(source, outs, calibration, options, vectors, timeout_s).values()
    if isinstance(result, ConversionFailed):
        raise result
    return result


def convert_each(
    source: Path,
    outs: Mapping[Precision, Path],
    *,
    calibration: Path | None = None,
    options: Options = PLAIN,
    vectors: Path | None = None,
    timeout_s: float = 3600.0,
) -> dict[Precision, Artifact | ConversionFailed]:
    """Convert a model to several precisions: one child process, one load, one export.

    Args:
        source: As of `convert`.
        outs: Precision -> the `.tflite` to write.
        calibration: As of `convert`.
        options: For all of them.
        vectors: As of `convert`: one reference for all of them.
        timeout_s: Seconds after which the conversion of all of them is stopped.

    Returns:
        For each precision the artifact, or why there is none.

    Raises:
        NotFound, BadData: As `convert`.
    """
    _check_request(source, list(outs), calibration, options)
    options = _settled(source, calibration, options, timeout_s)
    absolute = {precision: out.absolute() for precision, out in outs.items()}
    try:
        return _in_child(source, absolute, calibration, options, vectors, timeout_s)
    except ConversionFailed as failure:  # the child died; each alone tells which one kills it
        if len(outs) == 1:
            return dict.fromkeys(outs, failure)
    each: dict[Precision, Artifact | ConversionFailed] = {}
    for precision, out in absolute.items():
        try:
            each |= _in_child(source, {precision: out}, calibration, options, vectors, timeout_s)
        except ConversionFailed as failure:
            each[precision] = failure
    return each


def _settled(source: Path, calibration: Path | None, options: Options, timeout_s: float) -> Options:
    """Return the options with the names of the layers that are the worst, if these stay in float.

    For that the model is converted once without any in float.
    """
    if not options.quantization.float_layers:
        return options
    if calibration is None:
        raise BadInput("Layers are ranked on calibration data (float_layers); there is none.")
    if options.beside:
        raise BadInput(
            "You asked for several signatures and float_layers; layers are ranked in one. Convert "
            "each signature to a file of its own."
        )
    without = replace(options, quantization=replace(options.quantization, float_layers=0))
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "int8.tflite"
        whole = _in_child(source, {"int8": file}, calibration, without, None, timeout_s)["int8"]
        if isinstance(whole, ConversionFailed):
            raise whole
        return with_worst_in_float(file, source, calibration, options)


def _in_child(
    source: Path,
    outs: Mapping[Precision, Path],
    calibration: Path | None,
    options: Options,
    vectors: Path | None,
    timeout_s: float,
) -> dict[Precision, Artifact | ConversionFailed]:
    """Run the conversion in a child process; explain its death."""
    child = Child(timeout_s=timeout_s, env=_ENV)
    try:
        written = child.call(
            write_each,
            source,
            outs,
            calibration,
            options=options,
            vectors=vectors.absolute() if vectors else None,
        )
    except ChildDied as death:
        if death.stage == READING and death.cause not in (TIMEOUT, "SIGKILL"):
            raise cannot_read(source, death) from death
        if death.stage == RUNNING:
            raise cannot_run(source, death) from death
        why = explain_death(
            death,
            source=source,
            precision=next(iter(outs)),
            calibration=calibration,
            options=options,
        )
        raise ConversionFailed(f"'{source}' to {', '.join(outs)}: {why}") from death
    return {
        precision: ConversionFailed(each.refused)
        if each.refused
        else replace(
            describe(
                outs[precision],
                precision=precision,
                signature=each.signature,
                made_by=each.made_by,
                evaluation=each.evaluation,
            ),
            signatures=each.signatures if len(each.signatures) > 1 else {},
            look_ups=each.look_ups,
        )
        for precision, each in written.items()
    }


def _check_request(
    source: Path, precisions: Sequence[Precision], calibration: Path | None, options: Options
) -> None:
    if sentence := missing():
        raise Unavailable(sentence)
    for precision in precisions:
        if precision not in PRECISIONS:
            raise BadInput(f"precision is '{precision}'; allowed are {', '.join(PRECISIONS)}.")
    if not source.exists():
        raise NotFound(f"There is no '{source}'; give a .keras or .h5 file or a SavedModel folder.")
    if calibration and not calibration.exists():
        raise NotFound(f"There is no calibration file '{calibration}'; write one with np.savez.")
    check_form(options.recurrent)
    check_io(options.io, precisions)
    for precision in precisions:
        check_quantization(precision, options.quantization)
    if options.quantization.weight_bits == 4 and (sentence := int4_weights.missing()):
        raise Unavailable(sentence)
    check_signatures((options.signature, *options.beside))


converter = Converter(
    precisions=PRECISIONS, convert=convert, missing=missing, convert_each=convert_each
)
