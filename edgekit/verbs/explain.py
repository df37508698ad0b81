"""Say which layers make a quantized file wrong, why, and what helps; everything measured."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from edgekit.conversion.operator_layers import operator_layers
from edgekit.core.child_process import Child, ChildDied
from edgekit.core.errors import (
    BadInput,
    ConversionFailed,
    EdgekitError,
    NotFound,
    WorkerDied,
)
from edgekit.core.types import Progress, silent
from edgekit.core.variant import Precision
from edgekit.explaining.float_twin import write_twin
from edgekit.explaining.layer_noise import measure
from edgekit.explaining.next_steps import (
    Laboratory,
    Tried,
    shortest_of,
    smallest_of,
    try_fewer,
    try_float_layers,
    try_precisions,
)
from edgekit.explaining.patterns import Evidence, Pattern, patterns_in
from edgekit.explaining.printing import short
from edgekit.explaining.ranking import LayerNoise, rank
from edgekit.intake.options import Options
from edgekit.running.place import places
from edgekit.source_model.recurrent import DEFAULT, Form
from edgekit.source_model.reference import CHILD_ENV
from edgekit.tflite.reader import read
from edgekit.verbs.delivery import Conversion, Conversions
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
    file: Path,
    source: Path,
    calibration: Path,
    *,
    recurrent: Form = DEFAULT,
    examples: int = EXAMPLES,
    budget_s: float = BUDGET_S,
    progress: Progress = silent,
) -> Explanation:
    """Compare a quantized file with its float model, layer by layer, and try what helps.

    Args:
        file: A `.tflite` of any precision below float32, or what `edgekit convert` rejected.
        source: The model it was converted from, by edgekit.
        calibration: The data it was calibrated with.
        recurrent: The form of recurrent layers it was converted with.
        examples: How many examples to compare at most, 1 or more.
        budget_s: How long to try next steps, in seconds; 0 tries none. For a file that is
            within its limits none is tried either.
        progress: Told how far it is.

    Raises:
        NotFound: A file is not there.
        BadModelFile: `file` is no `.tflite`.
        BadInput: It is a float file, or was not made from `source`.
        ConversionFailed: The float file for comparison cannot be made.
        WorkerDied: An interpreter died from one of the files.
    """
    precision = _checked(file, source, calibration)
    with tempfile.TemporaryDirectory() as scratch:
        twin, vectors = Path(scratch) / "float.tflite", Path(scratch) / "vectors.npz"
        child = Child(progress=lambda part, doing: progress(0.3 * part, doing), env=CHILD_ENV)
        try:
            layers = child.call(
                write_twin, source, twin, vectors, calibration, precision, recurrent
            )
        except ChildDied as death:
            raise ConversionFailed(
                f"'{source}' cannot be converted to float32 for comparison: the process ended "
                f"with {death.cause}. Convert it with --precision float32 first."
            ) from death
        child = Child(progress=lambda part, doing: progress(0.3 + 0.3 * part, doing))
        try:
            tensors = child.call(measure, twin, file.absolute(), vectors, layers, examples)
        except ChildDied as death:
            raise WorkerDied(
                f"'{file}' cannot be run tensor by tensor: the interpreter ended with "
                f"{death.cause}. Run `edgekit verify` on it."
            ) from death
        ranked = rank(tensors, layers.kinds)
        true = read(twin)
        evidence = Evidence(
            true=true,
            quantized=read(file),
            owners=operator_layers(true.main, layers),
            tensors=tensors,
        )
        laboratory = Laboratory(
            source=source,
            calibration=calibration,
            vectors=vectors,
            options=Options(recurrent=recurrent),
            places=[place for place in places(("cpu", "litert")).values() if not place.missing()],
            deadline=time.monotonic() + budget_s,
            progress=progress,
            skipped=[],
        )
        tried = [laboratory.judge_file(file, precision)]
        if budget_s > 0 and not tried[0].ok:
            if precision == "int8":
                tried += try_float_layers(laboratory, ranked, tensors)
            tried += try_precisions(laboratory, precision)
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
            advice=_advice(tried, laboratory.skipped),
        )


def after_rejection(
    result: Conversion | Conversions, source: Path, calibration: Path, *, progress: Progress
) -> list[str]:
    """Return a few lines on the first file that a conversion rejected; for a minute or two.

    Fewer examples are compared than by `explain`, and next steps are tried for `SHORT_BUDGET_S`.

    Args:
        result: Of the conversion.
        source: As given to it.
        calibration: As given to it.
        progress: Told how far it is.
    """
    done = result.done if isinstance(result, Conversions) else (result,)
    rejected = [each.artifact.path for each in done if each.artifact.path.suffix == ".rejected"]
    if not rejected:
        return []
    file = rejected[0]
    more = f"`edgekit explain {file} --source {source} --calibration {calibration}` tells all."
    try:
        explanation = explain(
            file,
            source,
            calibration,
            examples=SHORT_EXAMPLES,
            budget_s=SHORT_BUDGET_S,
            progress=progress,
        )
    except EdgekitError as error:
        return [f"Why it is out of its limits could not be found out: {error}"]
    return [*short(explanation), f"Looked for {SHORT_BUDGET_S:.0f} s at next steps; {more}"]


def _checked(file: Path, source: Path, calibration: Path) -> Precision:
    """Return the precision of the file; refuse what cannot be explained."""
    for path, wanted in (
        (source, "a .keras or .h5 file or a SavedModel folder"),
        (calibration, "an .npz made by np.savez"),
    ):
        if not path.exists():
            raise NotFound(f"There is no '{path}'; give {wanted}.")
    read(file)
    precision: Precision = precision_of(file)  # type: ignore[assignment]  # one of PRECISIONS
    if precision == "float32":
        raise BadInput(
            f"'{file}' is float32, so nothing in it was rounded; explain takes quantized files. "
            "If its answers are wrong, run `edgekit verify` on every runtime."
        )
    return precision


def _advice(tried: list[Tried], skipped: list[str]) -> str:
    """Return which of the attempts to take; the first of them is the file as it is."""
    if tried[0].ok:
        return "The file is within its limits on every runtime here; nothing else was tried."
    skipped = list(dict.fromkeys(skipped))
    best, mixed = smallest_of(tried), shortest_of(tried)
    if best is None:
        if len(tried) == 1 and not skipped:
            return "The file is out of its limits; no next step was tried."
        missing = f" There was no time for: {'; '.join(skipped)}; allow more." if skipped else ""
        return f"Nothing that was tried is within its limits: take float32.{missing}"
    advice = f"Take {_measured(best)}, the smallest that is within its limits: {best.command}."
    if mixed and mixed is not best:
        advice += f" To stay with {tried[0].precision}: {_measured(mixed)}: {mixed.command}."
    return advice


def _measured(tried: Tried) -> str:
    return f"{tried.what} ({tried.size_bytes:,} bytes)"
