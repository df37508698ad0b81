"""A user's own model as what is searched: `convert` makes and verifies its files."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.building.fingerprints import code_of
from edgekit.core import registry
from edgekit.core.errors import EdgekitError
from edgekit.core.paths import atomic, packaged, sha256
from edgekit.core.records import Json, to_json
from edgekit.core.types import Progress, silent
from edgekit.core.variant import PRECISIONS, Variant
from edgekit.intake.options import Options, arguments
from edgekit.running.limits import LIMITS
from edgekit.running.place import Place, places
from edgekit.running.this_machine import versions
from edgekit.running.timing import time_file
from edgekit.search.candidate import Candidate, Limits
from edgekit.search.own_model.drop import drop_of
from edgekit.search.own_model.facts import FIRST, ModelFacts
from edgekit.search.space import CHEAP, UNROLLED, Way, ways_to_convert
from edgekit.source_model.golden_vectors import read_arrays
from edgekit.verbs.convert import convert
from edgekit.verbs.delivery import Conversion


@dataclass(frozen=True, kw_only=True)
class OwnModel:
    """What is searched; small enough to cross into a child process.

    Attributes:
        model: A Keras file or a SavedModel folder.
        target: Its name, or the path of its file.
        folder: The run folder of the search.
        limits: Of the user.
        options: With which the model is converted.
        facts: Of the model and the examples.
    """

    model: Path
    target: str
    folder: Path
    limits: Limits
    options: Options
    facts: ModelFacts

    @property
    def name(self) -> str:
        """The model's."""
        return name_of(self.model)

    @property
    def place(self) -> Place:
        """Where files are measured."""
        return places((self.target,))[self.target]

    @property
    def identity(self) -> Json:
        """All that decides what a variant comes to."""
        files = (self.facts.calibration, self.facts.evaluation, self.options.custom)
        code = code_of(packaged("verbs", "convert.py"), registry.source_of("converters", "tflite"))
        return to_json(
            {
                "model": _content(self.model),
                "files": [path and sha256(path) for path in files],
                "versions": versions(),
                "code": code.sums,
                "target": self.target,
                "limits": self.limits,
                "options": replace(self.options, custom=None),
            }
        )

    def ways(self) -> list[Way]:
        """Return the ways to convert the model for the target; without examples fewer."""
        target = registry.get("targets", self.target)
        return ways_to_convert(
            target.precisions,
            target.weight_bits,
            calibrated=self.facts.calibration is not None,
            has_recurrent=self.facts.has_recurrent,
        )

    def usual(self, ways: list[Way]) -> Sequence[Variant]:
        """Return every precision as it is by default, and a few with options."""
        first = (*PRECISIONS, *CHEAP)
        (plain, *_) = ways
        return [Variant.parse(text) for text in first if text in plain.precisions]

    def starts_early(self, variant: Variant, known: Mapping[str, Candidate]) -> bool:
        """Nothing is retrained."""
        return False

    def measured(
        self, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
    ) -> Candidate:
        """Make a file and measure it; what cannot be made or run is a candidate with a reason."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                made = self._converted(variant, Path(scratch) / "model.tflite", progress)
                candidate = self._candidate(variant, made)
            except EdgekitError as error:
                reason = " ".join(str(error).split())
                candidate = Candidate(variant=str(variant), reason=reason)
        return replace(candidate, seconds=time.monotonic() - start)

    def timed_again(self, candidate: Candidate) -> Candidate:
        """Return a candidate with its latency measured anew."""
        if candidate.latency_ms is None:
            return candidate
        example = read_arrays(self.folder / FIRST)
        timing = time_file(self.file_of(candidate.variant), self.place, inputs=example)
        return replace(candidate, latency_ms=timing.median_ms)

    def file_of(self, variant: str) -> Path:
        """Return where the file of a variant is kept."""
        return self.folder / variant / "model.tflite"

    def delivered(self, variant: Variant) -> tuple[Path, str]:
        """Write a file into the run folder under the model's name, with its proof.

        It is made anew, as the command makes it.

        Returns:
            The file, and a sentence if it is not the one that was measured; "" if it is.
        """
        made = self._converted(variant, self.folder / f"{self.name}.tflite", silent).artifact
        if made.sha256 == sha256(self.file_of(str(variant))):
            return made.path, ""
        return (
            made.path,
            f"Made again, {variant} is another file: the conversion is not repeatable.",
        )

    def command(self, variant: Variant) -> str:
        """Return the command that makes exactly this file."""
        facts = self.facts
        words = ["edgekit", "convert", str(self.model), "--out", f"{self.name}.tflite"]
        words += ["--precision", _precision_of(variant), "--target", self.target]
        words += ["--calibration", str(facts.calibration)] if facts.calibration else []
        words += ["--evaluate", str(facts.evaluation)] if facts.evaluation else []
        return shlex.join([*words, *arguments(self._options(variant))])

    def remark(self, best: Candidate) -> str:
        """Say so where only random input was compared."""
        if self.facts.calibration is not None:
            return ""
        return (
            "It was compared on random input, which is weak evidence: give examples (--data) "
            "before you rely on it."
        )

    def _options(self, variant: Variant) -> Options:
        return replace(self.options, recurrent="fast") if _is_unrolled(variant) else self.options

    def _converted(self, variant: Variant, out: Path, progress: Progress) -> Conversion:
        options, facts = self._options(variant), self.facts
        checked_there: dict[str, Any] = {
            "precision": _precision_of(variant),
            "pixels": options.pixels,
            "recurrent": options.recurrent,
        }
        made: Conversion = convert(
            self.model,
            out,
            calibration=facts.calibration,
            evaluate=facts.evaluation,
            target=self.target,
            shapes=options.shapes,
            custom=options.custom,
            progress=progress,
            **checked_there,
        )
        return made

    def _candidate(self, variant: Variant, made: Conversion) -> Candidate:
        """Return a conversion as a candidate, and keep its file."""
        artifact, (proof, *_) = made.artifact, made.proofs
        with atomic(self.file_of(str(variant))) as temporary:
            temporary.write_bytes(artifact.path.read_bytes())
        drop, scores = drop_of(proof, self.facts), self.facts.scores
        candidate = Candidate(
            variant=str(variant),
            value=None if drop is None else drop.value,
            drop=None if drop is None else drop.points,
            drop_limit=self._drop_limit(variant),
            drop_interval=None if drop is None else drop.interval,
            examples=self.facts.examples if scores is None else scores.examples,
            size_bytes=artifact.size_bytes,
            compressed_bytes=artifact.compressed_bytes,
            is_sound=made.ok,
            reason="" if made.ok else proof.reason or made.verdict,
        )
        if not made.ok or not self.place.times_mean_something(proof.adapter):
            return candidate
        return self.timed_again(replace(candidate, latency_ms=0.0))

    def _drop_limit(self, variant: Variant) -> float | None:
        """Return how many points fewer may be right; None where no right answers are known.

        There what `convert` holds a file to decides, and whether it does is in `is_sound`.
        """
        if self.facts.scores is None:
            return None
        return max(LIMITS[variant.precision].drop, 100 / self.facts.scores.examples)


def name_of(model: Path) -> str:
    """Return the name of a model, for files and folders; that of a folder may hold dots."""
    return model.name if model.is_dir() else model.stem


def _content(model: Path) -> Json:
    """Return checksums of what a model is: a live one that is saved again is the same."""
    if model.suffix != ".keras" or not zipfile.is_zipfile(model):
        return sha256(model)
    with zipfile.ZipFile(model) as archive:
        entries = sorted(set(archive.namelist()) - {"metadata.json"})  # which holds the time
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in entries}


def _is_unrolled(variant: Variant) -> bool:
    return UNROLLED in variant.optimizations


def _precision_of(variant: Variant) -> str:
    """Return the precision as `--precision` takes it, with its options where it has some."""
    return str(replace(variant, optimizations=(), options=()))
