"""Say which layers make a quantized file wrong, why, and what helps; everything measured."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.conversion.diagnosis import listed
from edgekit.conversion.operator_layers import operator_layers
from edgekit.conversion.tf_converter import flex_operators
from edgekit.core.errors import (
    BadData,
    BadInput,
    EdgekitError,
    NotFound,
)
from edgekit.core.parallel import part
from edgekit.core.types import AnyPath, Progress, is_path, silent
from edgekit.core.variant import CALIBRATED, Precision
from edgekit.explaining.advice import advice, shortest_of
from edgekit.explaining.laboratory import Laboratory, Request, Tried
from edgekit.explaining.next_steps import (
    try_calibrations,
    try_fewer,
    try_float_layers,
    try_precisions,
    try_separate_outputs,
)
from edgekit.explaining.patterns import Evidence, Pattern, patterns_in
from edgekit.explaining.printing import short
from edgekit.explaining.ranking import LayerNoise, rank
from edgekit.explaining.worst_layers import noise_of, twin_of
from edgekit.intake.evaluation import GivenAnswers, written
from edgekit.intake.examples import Given, as_path
from edgekit.intake.live_model import saved
from edgekit.intake.media import check_pixels
from edgekit.intake.options import PLAIN, Options, arguments, read_noted
from edgekit.running.place import Place, places
from edgekit.source_model.interface import KerasModel
from edgekit.tflite.reader import read
from edgekit.tflite.sidecar import descriptions_of
from edgekit.verbs.delivery import Conversion, Conversions
from edgekit.verbs.examination import exam_for
from edgekit.verbs.verify import precision_of

EXAMPLES = 64
"""How many examples are compared layer by layer at most."""

BUDGET_S = 600.0
"""How long next steps are tried by default, in seconds; the last one may take longer."""

SHORT_EXAMPLES, SHORT_BUDGET_S = 16, 45.0
"""The same at the end of a rejected conversion."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What was found out about a file.

    Attributes:
        file: The file.
        precision: Of it.
        examples: How many were compared.
        layers: Ranked, the one to blame most first.
        patterns: What is known of the model.
        tried: The file as it is, then next steps, in the order they were tried.
        skipped: Next steps there was no time for.
        advice: Which of them to take, one sentence or two.
    """

    file: str
    precision: str
    examples: int
    layers: tuple[LayerNoise, ...]
    patterns: tuple[Pattern, ...]
    tried: tuple[Tried, ...]
    skipped: tuple[str, ...]
    advice: str


def explain(
    file: AnyPath,
    source: AnyPath | KerasModel,
    calibration: Given,
    *,
    options: Options | None = None,
    examples: int = EXAMPLES,
    budget_s: float = BUDGET_S,
    out: AnyPath | None = None,
    evaluate: GivenAnswers | None = None,
    progress: Progress = silent,
) -> Explanation:
    """Compare a quantized file with its float model, layer by layer, and try what helps.

    Args:
        file: A `.tflite` of any precision below float32, or what `edgekit convert` rejected.
        source: The model it was converted from, by edgekit; as `edgekit.convert` takes it.
        calibration: The data it was calibrated with, as `edgekit.convert` takes them.
        options: What else it was converted with. If None, what `<stem>.json` beside the file says.
        examples: How many examples to compare at most, 1 or more.
        budget_s: How long to try next steps, in seconds; 0 tries none. For a file that is
            within its limits none is tried either.
        out: What the commands that are proposed write; if None, the file itself.
        evaluate: Examples with right answers, as `edgekit.convert` takes them: then what is
            proposed must also be nearly as right as the source (`edgekit.running.limits`, `drop`).
        progress: Told how far it is.

    Raises:
        NotFound: A file is not there.
        BadModelFile: `file` is no `.tflite`.
        BadInput: It is a float file, holds operators of TensorFlow's own or several signatures, or
            was not made from `source`.
        ConversionFailed: The float file for comparison cannot be made.
        WorkerDied: An interpreter died from one of the files.
    """
    if is_path(source) and not Path(source).exists():
        raise NotFound(f"There is no '{source}'; give a .keras or .h5 file or a SavedModel folder.")
    if is_path(calibration) and not Path(calibration).exists():
        raise NotFound(f"There is no '{calibration}'; give an .npz made by np.savez.")
    file = Path(file)
    options = recorded_options(file) if options is None else options
    precision = _checked(file, options)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        out = Path(out or file.with_name(file.name.removesuffix(".rejected")))
        request = _request(out, source, calibration)
        source = Path(source) if is_path(source) else saved(source, scratch)[0]
        given = as_path(calibration, scratch)
        known = None if evaluate is None else written(evaluate, scratch)
        options = replace(options, evaluation=known)
        true_file, vectors = scratch / "float.tflite", scratch / "vectors.npz"
        pair = true_file, vectors
        twin = twin_of(source, pair, given, precision, options, part(progress, 0.0, 0.3))
        tensors = noise_of(file, pair, twin, examples, part(progress, 0.3, 0.6))
        ranked = rank(tensors, twin.layers.kinds)
        evidence = Evidence(
            true=(true := read(true_file)),
            quantized=read(file),
            owners=operator_layers(true.main, twin.layers),
            tensors=tensors,
        )
        laboratory = Laboratory(
            request=request,
            source=source,
            calibration=twin.calibration,
            vectors=vectors,
            options=options,
            places=_places(options),
            deadline=time.monotonic() + budget_s,
            progress=progress,
            skipped=[],
            exam=exam_for(true_file, known, twin.evaluation).sat if known else None,
        )
        tried = [laboratory.judge_file(file, precision)]
        if budget_s > 0 and not tried[0].ok:
            if twin.is_joined and precision in CALIBRATED:
                tried += try_separate_outputs(laboratory, precision)
            tried += try_precisions(laboratory, precision, calibrated=False)  # the quick ones
            if precision == "int8":
                tried += (finer := try_calibrations(laboratory, ranked))
                if not any(each.ok for each in finer):
                    tried += try_float_layers(laboratory, ranked, tensors)
            tried += try_precisions(laboratory, precision, calibrated=True)
            if shortest := shortest_of(tried):
                tried += try_fewer(laboratory, shortest.keep_float)
        return Explanation(
            file=str(file),
            precision=precision,
            examples=examples,
            layers=tuple(ranked),
            patterns=tuple(patterns_in(evidence)),
            tried=tuple(tried),
            skipped=tuple(dict.fromkeys(laboratory.skipped)),
            advice=advice(tried, laboratory.skipped),
        )


def after_rejection(
    result: Conversion | Conversions,
    source: Path,
    calibration: Path,
    *,
    custom: Path | None = None,
    progress: Progress,
) -> list[str]:
    """Return a few lines on the first file that a conversion rejected; for a minute or two.

    Fewer examples are compared than by `explain`, and next steps are tried for `SHORT_BUDGET_S`.
    `source`, `calibration` and `custom` are those of the conversion, whose result holds all other
    options.
    """
    done = result.done if isinstance(result, Conversions) else (result,)
    rejected = [each.artifact for each in done if each.artifact.path.suffix == ".rejected"]
    if not rejected:
        return []
    file = rejected[0].path
    options = replace(read_noted(rejected[0].made_by.get("options", "")), custom=custom)
    words = ["edgekit", "explain", str(file), "--source", str(source)]
    words += ["--calibration", str(calibration), *arguments(options)]
    try:
        explanation = explain(
            file,
            source,
            calibration,
            options=options,
            examples=SHORT_EXAMPLES,
            budget_s=SHORT_BUDGET_S,
            progress=progress,
        )
    except EdgekitError as error:
        return [f"Why it is out of its limits could not be found out: {error}"]
    return [
        *short(explanation),
        f"Looked for {SHORT_BUDGET_S:.0f} s at next steps; this tells all:",
        shlex.join(words),
    ]


def recorded_options(file: Path) -> Options:
    """Return the options that a file was converted with, as the description beside it says.

    A program of the user's own is never among them. Without a description of the file, they are
    those by default.
    """
    with contextlib.suppress(BadData):
        for described in descriptions_of(file):
            return read_noted(described.made_by.get("options", ""))
    return PLAIN


def _request(out: Path, source: AnyPath | KerasModel, calibration: Given) -> Request:
    """Return how to ask for another file; what is in memory is given a name to be replaced."""
    return Request(
        source=str(source) if is_path(source) else "MODEL.keras",
        calibration=str(calibration) if is_path(calibration) else "EXAMPLES.npz",
        out=str(out),
    )


def _places(options: Options) -> list[Place]:
    """Return where files are judged: on the CPU runtimes that are here and take them."""
    takes_all = ("cpu", "litert") if options.quantization.weight_bits == 8 else ("litert",)
    return [place for place in places(takes_all).values() if not place.missing()]


def _checked(file: Path, options: Options) -> Precision:
    """Return the precision of the file; refuse what cannot be explained."""
    if flex := flex_operators(read(file)):
        raise BadInput(
            f"'{file}' holds TensorFlow's own operators ({listed(flex)}), which cannot be run "
            "tensor by tensor here. Replace those layers, or convert without --select-ops."
        )
    check_pixels(options.pixels)
    if options.beside:
        raise BadInput(
            f"'{file}' holds several signatures; explain looks at one. Convert the one that is "
            "wrong by itself, and explain that file."
        )
    precision: Precision = precision_of(file)  # type: ignore[assignment]  # one of PRECISIONS
    if precision == "float32":
        raise BadInput(
            f"'{file}' is float32, so nothing in it was rounded; explain takes quantized files. "
            "If its answers are wrong, run `edgekit verify` on every runtime."
        )
    return precision
