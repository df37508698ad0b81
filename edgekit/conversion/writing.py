"""What the child process of a conversion does: from a model file to `.tflite` files.

The model is read, prepared and exported once, and run once for the reference, however many
precisions are asked for.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from edgekit.conversion.correcting.corrections import apply_corrections
from edgekit.conversion.crash_diagnosis import CALIBRATING, CONVERTING
from edgekit.conversion.diagnosis import Layers, diagnose, listed, unquantized_in
from edgekit.conversion.int4_weights import note_on_blocks, with_int4_weights
from edgekit.conversion.kept_float import check_kept, kept_in_float
from edgekit.conversion.layer_search import layers_of, operator_paths
from edgekit.conversion.parts import Part, exported
from edgekit.conversion.tf_converter import (
    STATIC,
    fault_of,
    flex_operators,
    notes_of,
    order_ports,
    to_tflite,
)
from edgekit.core.child_process import report_progress
from edgekit.core.errors import ConversionFailed, EdgekitError
from edgekit.core.kinds import LookUp
from edgekit.core.paths import atomic
from edgekit.core.recipe import Signature
from edgekit.core.report import Evaluation
from edgekit.core.variant import Precision
from edgekit.intake.examples import as_npz
from edgekit.intake.joined_outputs.joints import too_different
from edgekit.intake.joined_outputs.splitting import joints_of
from edgekit.intake.look_ups.numbers import confirm
from edgekit.intake.look_ups.vocabulary import instruction, write_vocabularies
from edgekit.intake.model import load_asked
from edgekit.intake.options import PLAIN, Options, noted
from edgekit.intake.scores import evaluated
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.interface import (
    SavedModel,
    SourceModel,
    interface_of,
    is_tf_keras,
    parts_of,
)
from edgekit.source_model.recurrent import has_recurrent_layers, prepare
from edgekit.source_model.reference import without_judged, write_reference
from edgekit.tflite.merging import merge
from edgekit.tflite.metadata.describing import described
from edgekit.tflite.metadata.writing import with_metadata
from edgekit.tflite.reader import read

READING, RUNNING = "reading the model", "running the source model"
"""Stages in which the child dies if Keras cannot read, or run, the model."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the child tells about a file that it wrote, or could not write.

    Attributes:
        signature: Of the file; of several, the first that was asked for.
        signatures: All by name; one alone is called "".
        look_ups: What was split off; each vocabulary lies beside the file.
        refused: Why there is no file; "" if there is.
        evaluation: How right the source is, if examples with right answers were given.
    """

    signature: Signature
    made_by: Mapping[str, str]
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    look_ups: tuple[LookUp, ...] = ()
    refused: str = ""
    evaluation: Evaluation | None = None


def write(
    source: Path,
    out: Path,
    precision: Precision,
    calibration: Path | None,
    options: Options = PLAIN,
    vectors: Path | None = None,
) -> Written:
    """Convert `source` and write `out`, and before that its golden `vectors`.

    Raises:
        ConversionFailed: TensorFlow refused it.
    """
    (written,) = write_each(source, {precision: out}, calibration, options, vectors).values()
    if written.refused:
        raise ConversionFailed(written.refused)
    return written


def write_each(
    source: Path,
    outs: Mapping[Precision, Path],
    calibration: Path | None,
    options: Options = PLAIN,
    vectors: Path | None = None,
) -> dict[Precision, Written]:
    """Convert `source` to several precisions; one that is refused does not stop the others."""
    report_progress(0.0, READING)
    model, notes = load_asked(source, options)
    written: dict[Precision, Written] = {}
    alone: list[str] = []  # what int8 makes of joined outputs
    judged: list[str] = []  # on which examples, where others calibrate
    evaluation = None
    if options.evaluation:
        report_progress(0.05, RUNNING)
        evaluation = evaluated(model, options.evaluation)
    with tempfile.TemporaryDirectory() as scratch:
        if calibration:
            report_progress(0.05, "reading the calibration data")
            given, arrays = calibration, Path(scratch) / "calibration.npz"
            calibration, made = as_npz(given, model, arrays, pixels=options.pixels)
            notes = (*notes, *made)
        if vectors:
            report_progress(0.1, RUNNING)
            write_reference(model, vectors, calibration=calibration)
            if calibration:
                confirm(model, arrays if arrays.exists() else given, vectors)
            if calibration and set(outs) & set(STATIC):
                rest = Path(scratch) / "calibrating.npz"
                calibration, sentence = without_judged(calibration, rest)
                judged.append(sentence)
            asked = options.split_outputs or options.keep_float
            if calibration and "int8" in outs and not (asked or isinstance(model, SavedModel)):
                alone = too_different(joints_of(model), read_vectors(vectors)[1])
        for precisions in _prepared_alike(model, list(outs)):
            group = {precision: outs[precision] for precision in precisions}
            # Recurrent layers were changed in place for the group before.
            model = load_asked(source, options)[0] if written else model
            written |= _write_alike(model, source, group, calibration, options, notes)
    for each in written:
        sentences = [*(judged if each in STATIC else ()), *(alone if each == "int8" else ())]
        written[each] = _noting(written[each], sentences)
    return {each: replace(written[each], evaluation=evaluation) for each in outs}


def _noting(written: Written, sentences: list[str]) -> Written:
    """Return what was written with further notes for the user."""
    first = 1 + sum(key.startswith("note") for key in written.made_by)
    notes = {f"note_{k}": sentence for k, sentence in enumerate(sentences, first)}
    return replace(written, made_by={**written.made_by, **notes})


def _prepared_alike(model: SourceModel, precisions: list[Precision]) -> list[list[Precision]]:
    """Return groups of precisions for which a model is prepared and exported in the same way."""
    return [[each] for each in precisions] if has_recurrent_layers(model) else [precisions]


def _write_alike(
    model: SourceModel,
    source: Path,
    outs: Mapping[Precision, Path],
    calibration: Path | None,
    options: Options,
    notes_before: tuple[str, ...],
) -> dict[Precision, Written]:
    """Prepare and export a model once, and convert the export to every precision of `outs`."""
    report_progress(0.15, "preparing the model")
    # Anything that changes a model for the converter belongs here, between reference and export.
    forms = prepare(model, precision=next(iter(outs)), form=options.recurrent)
    layers = layers_of(model)
    static = bool(set(outs) & set(STATIC))
    with tempfile.TemporaryDirectory() as scratch:
        parts = [
            exported(
                part,
                each,
                Path(scratch) / f"saved_model_{k}",
                calibration,
                static=static,
                count=options.quantization.examples,
            )
            for k, (part, each) in enumerate(parts_of(model).items())
        ]
        written = {}
        for precision, out in outs.items():
            made_by, refused = _made_by(model, source, options), ""
            if text := noted(options):
                made_by["options"] = text
            look_ups: tuple[LookUp, ...] = ()
            if precision in STATIC:
                made_by["calibration"] = "; ".join(part.origin for part in parts)
            try:
                files = {p.name: _converted(p, layers, precision, options) for p in parts}
                data = merge(files) if len(files) > 1 else next(iter(files.values()))
                about = described(
                    parts[0].signature,
                    name=_name_of(source),
                    description=f"{precision}, made of a Keras model.",
                    pixels=options.pixels,
                )
                data = bytearray(with_metadata(data, *about))
                notes = [*forms.values(), *_deliver(data, out, precision, layers, options)]
                look_ups = write_vocabularies(model, out)
                notes = [*notes_before, *map(instruction, look_ups), *notes]
                if "batch" in made_by:
                    notes.insert(0, _BATCH)
                made_by |= {f"note_{k}": note for k, note in enumerate(notes, 1)}
            except ConversionFailed as error:
                refused = str(error)
            written[precision] = Written(
                signature=parts[0].signature,
                signatures={part.name: part.signature for part in parts},
                look_ups=look_ups,
                made_by=made_by,
                refused=refused,
            )
    return written


_FLEX = (
    "It needs an interpreter with the Flex delegate, for {operators}: TensorFlow up to 2.18 "
    "(edgekit verify FILE --runtime tensorflow), or an app that links it. It will not run on "
    "tflite-runtime, LiteRT without Flex, microcontrollers and the Edge TPU."
)
_BATCH = "The batch is fixed at 1; the source takes any number of examples."


def _converted(part: Part, layers: Layers, precision: Precision, options: Options) -> bytearray:
    """Run TensorFlow's converter and correct what it wrote; explain what it raises."""
    folder, examples = part.folder, part.examples if precision in STATIC else None
    report_progress(0.3, CALIBRATING if examples else CONVERTING)
    check_kept(options.keep_float, precision, layers)
    is_four_bit = options.quantization.weight_bits == 4
    try:
        with kept_in_float(options.keep_float, layers):
            data = to_tflite(
                folder,
                precision="float32" if is_four_bit else precision,
                examples=examples,
                options=options,
            )
    except EdgekitError:
        raise
    except Exception as error:  # TensorFlow raises a dozen kinds
        text = str(error) or type(error).__name__
        diagnosis = diagnose(text, layers)
        if operators := unquantized_in(text):  # that text has no locations
            paths = operator_paths(folder, operators, layers)
            where = layers.sentence(paths) or layers.sentence_by_kind(operators)
            finding = diagnosis.finding.removesuffix(".")
            diagnosis = replace(diagnosis, finding=f"{finding}{where}.")
        raise ConversionFailed(str(diagnosis)) from error
    order_ports(data, part.signature)
    if is_four_bit:
        data = with_int4_weights(bytes(data), block=options.quantization.block)
    return apply_corrections(data)


def _deliver(
    data: bytearray, out: Path, precision: Precision, layers: Layers, options: Options
) -> list[str]:
    """Write the file if it is sound; return notes on it for the user."""
    with atomic(out) as path:
        path.write_bytes(data)
        written = read(path)
        if fault := fault_of(written, layers, allow_select_ops=options.allow_select_ops):
            raise ConversionFailed(str(fault))
        notes = notes_of(written, precision, layers)
        if options.keep_float:
            notes = [note.replace("for want", "as asked or for want") for note in notes]
        if note := note_on_blocks(written, options.quantization.block, layers):
            notes.append(note)
        if flex := flex_operators(written):
            notes.append(_FLEX.format(operators=listed(flex)))
    return notes


def _name_of(source: Path) -> str:
    """Return what to call a model: the name of its file or SavedModel folder."""
    return source.resolve().stem


def _made_by(model: SourceModel, source: Path, options: Options) -> dict[str, str]:
    packages = ["edgekit-tflite", "tensorflow", "keras", *(["tf_keras"] * is_tf_keras(model))]
    packages += ["ai-edge-quantizer"] * (options.quantization.weight_bits == 4)
    made_by = {
        "converter": "tflite",
        "source": source.name,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
    if interface_of(model).has_free_batch:
        made_by["batch"] = "fixed at 1"
    return made_by
