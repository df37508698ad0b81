"""Convert in another way, run and judge what comes of it: one attempt at a time.

Nothing is proposed that was not tried here.
"""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import registry
from edgekit.core.errors import BadInput, EdgekitError, Unavailable, WorkerFailed
from edgekit.core.kinds import Artifact
from edgekit.core.report import Evaluation
from edgekit.core.types import Progress, Run
from edgekit.core.variant import (
    AS_USUAL,
    Precision,
    Quantization,
    check_quantization,
    precision_text,
)
from edgekit.intake.options import Options, arguments, check_io
from edgekit.intake.scores import shortfalls, side_by_side
from edgekit.running.judgement import judge
from edgekit.running.limits import LIMITS
from edgekit.running.place import Place
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One attempt.

    Attributes:
        what: In words, such as `int8 with 2 layers in float`.
        precision: Of the file.
        keep_float: Layers left in float.
        split_outputs: Whether the step is to make the parts of joined outputs outputs.
        command: What makes this file, to be pasted.
        ok: Whether it is within the limits of its precision on every runtime here; None if none
            could run it or there is no file.
        size_bytes: Of the file; 0 if there is none.
        judged: How its outputs compare with the source's, beside the limits; on the first runtime.
        reason: What is wrong, or why there is no file; "" if nothing is.
        runtimes: Where it ran.
        evaluation: How right it and its source are, if examples with right answers were given.
        seconds: What the attempt took.
    """

    what: str
    precision: Precision
    keep_float: tuple[str, ...] = ()
    split_outputs: bool = False
    command: str = ""
    ok: bool | None = None
    size_bytes: int = 0
    judged: str = ""
    reason: str = ""
    runtimes: tuple[str, ...] = ()
    evaluation: Evaluation | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """How the file to be explained was asked for, in words for a command line.

    Attributes:
        source: The model.
        calibration: The examples.
        out: The `.tflite`.
    """

    source: str
    calibration: str
    out: str

    def command(self, precision: Precision, options: Options) -> str:
        """Return the command that converts the same model in another way."""
        asked = precision_text(precision, options.quantization)
        words = ["edgekit", "convert", self.source, "--out", self.out, "--precision", asked]
        words += ["--calibration", self.calibration, *arguments(options)]
        return shlex.join(words)


@dataclass(kw_only=True)
class Laboratory:
    """Converts, runs and judges attempts until its time is up.

    Attributes:
        request: What a proposed command says.
        source: The model.
        calibration: The examples.
        vectors: Golden vectors of the source.
        options: With which the file was converted.
        places: Where attempts are run.
        deadline: Of `time.monotonic()`, after which nothing new is tried.
        progress: Told what is tried.
        skipped: What there was no time for.
        exam: `(file as a function, runtime) -> evaluation`: scores it on examples with right
            answers, which it may answer a little worse than its source; None if there are none.
    """

    request: Request
    source: Path
    calibration: Path
    vectors: Path
    options: Options
    places: Sequence[Place]
    deadline: float
    progress: Progress
    skipped: list[str]
    exam: Callable[[Run, str], Evaluation] | None = None
    _longest_s: float = 1.0

    def has_time(self, what: str) -> bool:
        """Whether another attempt fits; if not, it is remembered as skipped."""
        fits = time.monotonic() + self._longest_s <= self.deadline
        if not fits:
            self.skipped.append(what)
        return fits

    def try_(
        self,
        what: str,
        precision: Precision,
        keep_float: Sequence[str] = (),
        *,
        split_outputs: bool = False,
        quantization: Quantization | None = None,
    ) -> Tried:
        """Convert and judge once, with the options of the file and these.

        Args:
            what: In words.
            precision: Of the attempt.
            keep_float: Layers left in float, besides those of the file.
            split_outputs: Whether the parts of joined outputs become outputs.
            quantization: What the precision is told; as the file's, where it takes that, if None.
        """
        began = time.monotonic()
        self.progress(0.6, f"trying {what}")
        told = quantization or self.options.quantization
        options = self._changed(precision, tuple(keep_float), split_outputs, told)
        tried = Tried(
            what=what,
            precision=precision,
            keep_float=options.keep_float,
            split_outputs=split_outputs,
            command=self.request.command(precision, options),
        )
        with tempfile.TemporaryDirectory() as scratch:
            vectors = Path(scratch) / "vectors.npz"
            try:
                artifact: Artifact = registry.get("converters", "tflite").convert(
                    self.source,
                    Path(scratch) / "model.tflite",
                    precision=precision,
                    calibration=self.calibration,
                    options=options,
                    # With vectors, the judged examples do not calibrate: as `convert` will do it.
                    vectors=vectors,
                )
                tried = self._judged(tried, artifact.path, vectors)
            except EdgekitError as error:
                tried = replace(tried, reason=str(error))
        seconds = time.monotonic() - began
        self._longest_s = max(self._longest_s, seconds)
        return replace(tried, seconds=round(seconds, 1))

    def judge_file(self, file: Path, precision: Precision) -> Tried:
        """Judge a file as it is."""
        began = time.monotonic()
        self.progress(0.6, "judging it as it is")
        kept = self.options.keep_float
        tried = Tried(what=f"{precision} as it is", precision=precision, keep_float=kept)
        tried = self._judged(tried, file, self.vectors)
        return replace(tried, seconds=round(time.monotonic() - began, 1))

    def _changed(
        self,
        precision: Precision,
        keep_float: tuple[str, ...],
        split_outputs: bool,
        quantization: Quantization,
    ) -> Options:
        """Return the options of the file with those of an attempt."""
        options = replace(self.options, keep_float=(), evaluation=None, quantization=quantization)
        if split_outputs:
            options = replace(options, split_outputs=True)
        try:
            check_quantization(precision, options.quantization)
        except BadInput:
            options = replace(options, quantization=AS_USUAL)
        if precision == "int8":
            kept = dict.fromkeys((*self.options.keep_float, *keep_float))
            options = replace(options, keep_float=tuple(kept))
        if keep_float:  # what is computed in float must not be rounded on its way out
            return replace(options, io="float")
        try:
            check_io(options.io, [precision])
        except BadInput:
            return replace(options, io=None)
        return options

    def _judged(self, tried: Tried, file: Path, vectors: Path) -> Tried:
        """Return the attempt with what running it on every runtime here showed."""
        inputs, expected = read_vectors(vectors)
        tried = replace(tried, size_bytes=file.stat().st_size)
        for place in self.places:
            try:
                with open_session(file, runtime=place.runtime) as session:
                    answers, steps = session(inputs), session.steps
                    tried = self._examined(tried, session, place.runtime)
            except (WorkerFailed, Unavailable) as error:
                tried = replace(tried, ok=False, reason=f"{place.runtime}: {error}")
                continue
            verdict = judge(expected, answers, precision=tried.precision, steps=steps)
            scored, drop = tried.evaluation, LIMITS[tried.precision].drop
            too_wrong = " ".join(shortfalls(scored, drop)) if scored else ""
            figures = side_by_side(scored, place.runtime) if scored else ""
            tried = replace(
                tried,
                ok=tried.ok is not False and not verdict.problem and not too_wrong,
                judged=tried.judged or "; ".join(filter(None, (str(verdict), figures))),
                reason=tried.reason or f"{verdict.problem} {too_wrong}".strip(),
                runtimes=(*tried.runtimes, place.runtime),
            )
        return tried

    def _examined(self, tried: Tried, run: Run, runtime: str) -> Tried:
        """Return the attempt with its scores on a runtime; outputs that were split have none."""
        if self.exam is None or tried.split_outputs:
            return tried
        evaluation = self.exam(run, runtime)
        before = tried.evaluation.file if tried.evaluation else {}
        return replace(tried, evaluation=replace(evaluation, file={**before, **evaluation.file}))
