"""Compare two files: what they hold, what they answer to the same inputs, how long they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.core.errors import BadInput, Unavailable, WorkerFailed
from edgekit.core.types import AnyPath, Progress, silent
from edgekit.intake.evaluation import GivenAnswers
from edgekit.running.place import Place, refuse_unrunnable
from edgekit.tflite.reader import read
from edgekit.verbs.check import is_accepted
from edgekit.verbs.compare.answers import AnswersCompared, compare_answers, inputs_for
from edgekit.verbs.compare.interfaces import PortDifference, differences
from edgekit.verbs.compare.turns import Turns, time_in_turns
from edgekit.verbs.examination import exam_for
from edgekit.verbs.inspect import Inspection, inspect
from edgekit.verbs.verify import picky_places, places_asked

TIMED_ON = "litert"
"""The runtime that files are timed on if none is asked for."""


@dataclass(frozen=True, kw_only=True)
class OperatorPair:
    """An operator of two files.

    Attributes:
        a: Version -> how often the first file has it; empty if it has none.
        b: The same of the second file.
    """

    name: str
    a: Mapping[int, int] = field(default_factory=dict)
    b: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two files side by side; A is the first, B the second.

    Attributes:
        ok: Whether they answer the same within the limits wherever both were run.
        a: What the first file holds.
        b: What the second file holds.
        operators: Every operator that one of them has, in the order of the first.
        ports: Inputs and outputs that differ.
        answers: What they answered, on each runtime; () if that was not compared.
        why_no_answers: Why not, a sentence.
        latency: How long they take; None if they were not timed.
        why_no_latency: Why not, a sentence.
    """

    ok: bool
    a: Inspection
    b: Inspection
    operators: tuple[OperatorPair, ...]
    ports: tuple[PortDifference, ...]
    answers: tuple[AnswersCompared, ...]
    why_no_answers: str
    latency: Turns | None
    why_no_latency: str


def compare(
    a: AnyPath,
    b: AnyPath,
    *,
    runtime: str = "",
    device: str = "local",
    evaluate: GivenAnswers | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Compare two `.tflite` files: contents, answers to the same inputs, latency in turns.

    Both are asked golden inputs where some lie beside one of them, else random numbers, and the
    coarser file is held against the finer one within the limits of its precision, as `verify`
    does. Where their inputs or outputs differ, answers are not compared, and that is said.

    Args:
        a: The first file.
        b: The second file.
        runtime: Name of a runtime. If empty, answers are compared wherever a target's verdict is
            proven (or on the tflite-runtime of another `device`), and timed on LiteRT.
        device: Where the runtime runs.
        evaluate: Examples with right answers, which both files are scored on; see
            `edgekit.intake.evaluation.read_known_answers`.
        progress: Told which files run where.

    Raises:
        NotFound: There is no such file, runtime or device.
        BadModelFile: One of them is no `.tflite`.
        BadData: The examples with right answers cannot be used.
        Unavailable: The runtime or device asked for is not there.
    """
    files = Path(a), Path(b)
    first, second = map(read, files)
    chosen = places_asked(runtime, device)
    ports = differences(first, second)
    try:
        for file in files:
            refuse_unrunnable(file, runtime)
        why_not = ""
    except BadInput as error:  # what they hold can be compared all the same
        why_not = str(error)
    answers: tuple[AnswersCompared, ...] = ()
    why_no_answers = why_not or _why_no_answers(ports)
    if not why_no_answers:
        answers = _answers(files, runtime, chosen, evaluate, progress)
    progress(0.8, "timing both in turns")
    timed_on = chosen[0] if runtime or device != "local" else Place(runtime=TIMED_ON)
    latency, why_no_latency = (None, why_not) if why_not else _latency(files, timed_on)
    inspected = tuple(map(inspect, files))
    return Comparison(
        ok=all(each.ok is not False for each in answers),
        a=inspected[0],
        b=inspected[1],
        operators=_operators(*inspected),
        ports=ports,
        answers=answers,
        why_no_answers=why_no_answers,
        latency=latency,
        why_no_latency=why_no_latency,
    )


def _why_no_answers(ports: tuple[PortDifference, ...]) -> str:
    """Return why two files cannot be asked the same or cannot answer alike; "" if they can."""
    for side in ("input", "output"):
        names = [f"'{each.name}'" for each in ports if each.side == side and each.stops_answers]
        if names:
            return (
                f"The files have other {side}s ({', '.join(names)}), so their answers were not "
                "compared."
            )
    return ""


def _answers(
    files: tuple[Path, Path],
    runtime: str,
    chosen: Sequence[Place],
    evaluate: GivenAnswers | None,
    progress: Progress,
) -> tuple[AnswersCompared, ...]:
    asked = inputs_for(*files)
    exams = [None if evaluate is None else exam_for(file, evaluate) for file in files]
    picky = {} if runtime else picky_places(chosen)
    fitting = [
        place
        for place in chosen
        if place not in picky or all(is_accepted(file, picky[place]) for file in files)
    ]
    compared = []
    for done, place in enumerate(fitting):
        progress(0.8 * done / len(fitting), f"asking both on {place.runtime}, {place.device}")
        compared.append(compare_answers(files, place, asked, (exams[0], exams[1])))
    return tuple(compared)


def _latency(files: tuple[Path, Path], place: Place) -> tuple[Turns | None, str]:
    try:
        return time_in_turns(*files, place), ""
    except (WorkerFailed, Unavailable, BadInput) as error:
        return None, str(error)


def _operators(a: Inspection, b: Inspection) -> tuple[OperatorPair, ...]:
    names = dict.fromkeys(operator.name for operator in (*a.operators, *b.operators))

    def versions(of: Inspection, name: str) -> dict[int, int]:
        found: Counter[int] = Counter()
        for operator in of.operators:
            if operator.name == name:
                found[operator.version] += operator.count
        return dict(sorted(found.items()))

    return tuple(OperatorPair(name=n, a=versions(a, n), b=versions(b, n)) for n in names)
