"""What has to be known of a user's own model before its files are searched.

In a child process the model is read, run on the user's examples once, and scored where right
answers are among them: what is wrong with either is said before anything is tried.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.conversion.writing import READING, RUNNING
from edgekit.core.child_process import Child, ChildDied, report_progress
from edgekit.core.report import Evaluation
from edgekit.core.types import Array, Batch, Progress
from edgekit.intake.evaluation import LABELS, KnownAnswers, read_known_answers
from edgekit.intake.examples import as_npz
from edgekit.intake.model import load_asked
from edgekit.intake.options import Options
from edgekit.intake.scores import evaluated
from edgekit.running.judgement import Kind, kind_of
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import read_arrays, read_vectors, write_arrays
from edgekit.source_model.interface import SourceModel
from edgekit.source_model.recurrent import has_recurrent_layers
from edgekit.source_model.reference import (
    CHILD_ENV,
    FEWEST_JUDGED,
    cannot_read,
    cannot_run,
    write_reference,
)

MOST_CALIBRATING, SHARE_CALIBRATING = 128, 5
"""Of examples with right answers up to half calibrate the files, 128 at most, or a fifth where that
is more; all others score them. Of fewer than 64, all do both."""

FIRST = "example.npz"
"""File in the run folder: one example, which is timed."""

_CALIBRATION, _EVALUATION = "calibration.npz", "evaluation.npz"


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """A user's model as it was looked at.

    Attributes:
        has_recurrent: Whether there are LSTM, GRU or SimpleRNN layers whose form can be chosen.
        kinds: Output -> what it is; see `edgekit.running.judgement`.
        examples: On which files are judged: the user's, or random ones.
        calibration: Examples that calibrate files; None if there are none.
        evaluation: Examples with right answers that score them; None if there are none.
        scores: Of the model on these.
        spreads: Output -> standard deviation of its right answers.
        both: Whether the same examples calibrate and score.
    """

    has_recurrent: bool
    kinds: Mapping[str, Kind]
    examples: int
    calibration: Path | None = None
    evaluation: Path | None = None
    scores: Evaluation | None = None
    spreads: Mapping[str, float]
    both: bool = False


def look(
    model: Path, data: Path | None, options: Options, folder: Path, progress: Progress
) -> ModelFacts:
    """Return the facts of a model; what is made of the data lies in `folder`.

    Args:
        model: A Keras file or a SavedModel folder.
        data: Examples, as `edgekit.convert` takes them to calibrate; an `.npz` may hold right
            answers beside them, as `edgekit.intake.evaluation.read_known_answers` has them.
        options: With which the model is converted.
        folder: That exists.
        progress: Told how far it is.

    Raises:
        NotFound, BadInput: The model or the data cannot be used.
    """
    child = Child(progress=progress, env=CHILD_ENV)
    try:
        return child.call(_look, model, data, options, folder)
    except ChildDied as death:
        if death.stage == READING:
            raise cannot_read(model, death) from death
        if death.stage == RUNNING:
            raise cannot_run(model, death) from death
        raise


def _look(path: Path, data: Path | None, options: Options, folder: Path) -> ModelFacts:
    report_progress(0.0, READING)
    model, _ = load_asked(path, options)
    known, scores, calibration = None, None, data
    if data is not None and _has_labels(data):
        known = read_known_answers(data, signature_of(model))
        calibration = folder / _CALIBRATION
        _split(known, data, calibration, folder / _EVALUATION)
        report_progress(0.3, RUNNING)
        scores = evaluated(model, folder / _EVALUATION)
    inputs, kinds = _judged(model, calibration, options)
    write_arrays(folder / FIRST, {name: array[:1] for name, array in inputs.items()})
    return ModelFacts(
        has_recurrent=has_recurrent_layers(model),
        kinds=kinds,
        examples=len(next(iter(inputs.values()))),
        calibration=calibration,
        evaluation=folder / _EVALUATION if known else None,
        scores=scores,
        spreads=_spreads(known) if known else {},
        both=known is not None and len(known) < 2 * FEWEST_JUDGED,
    )


def _judged(
    model: SourceModel, calibration: Path | None, options: Options
) -> tuple[Batch, dict[str, Kind]]:
    """Return the examples that files are judged on, and what the model's outputs are."""
    with tempfile.TemporaryDirectory() as folder:
        scratch, numbers = Path(folder), None
        if calibration is not None:
            made = scratch / "calibration.npz"
            numbers, _ = as_npz(calibration, model, made, pixels=options.pixels)
        report_progress(0.6, RUNNING)
        write_reference(model, scratch / "vectors.npz", calibration=numbers)
        inputs, answers = read_vectors(scratch / "vectors.npz")
    return inputs, {name: kind_of(array) for name, array in answers.items()}


def _has_labels(data: Path) -> bool:
    """Whether an `.npz` holds right answers."""
    if data.suffix != ".npz" or not data.is_file():
        return False
    return any(name == LABELS or name.startswith(f"{LABELS}:") for name in read_arrays(data))


def _split(known: KnownAnswers, data: Path, calibration: Path, evaluation: Path) -> None:
    """Write examples that calibrate, and others with right answers; evenly, as they may be sorted.

    Both are as the user gave them: only which of them is decided here.
    """
    arrays, count = read_arrays(data), len(known)
    chosen = calibrating(count)
    rest = np.setdiff1d(np.arange(count), chosen) if len(chosen) < count else chosen
    inputs = {name: array for name, array in arrays.items() if name.partition(":")[0] != LABELS}
    write_arrays(calibration, {n: a[chosen] for n, a in inputs.items()}, compress=False)
    write_arrays(evaluation, {n: a[rest] for n, a in arrays.items()}, compress=False)


def calibrating(count: int) -> Array:
    """Return which of `count` examples with right answers calibrate; the others score."""
    if count < 2 * FEWEST_JUDGED:
        return np.arange(count)
    number = max(min(count // 2, MOST_CALIBRATING), count // SHARE_CALIBRATING)
    return np.linspace(0, count - 1, number).round().astype(np.intp)


def _spreads(known: KnownAnswers) -> dict[str, float]:
    return {name: float(np.std(array.astype(np.float64))) for name, array in known.labels.items()}
