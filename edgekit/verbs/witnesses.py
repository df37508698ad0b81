"""What other kernels answer: the reference of a file that has no golden vectors.

No kernels are right about everything. The plain ones of tflite-runtime 2.14 are wrong about int8
dense layers on (steps, features) and int8 sums, and have no ELU; so a runtime is out of limits only
if it agrees with no other kernels of this machine's CPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from edgekit.core.errors import Unavailable, WorkerFailed
from edgekit.core.types import Batch
from edgekit.running.place import Place
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch

KERNELS: Mapping[str, str] = {
    "tflite-runtime-reference": "reference kernels",
    "litert": "litert's kernels",
    "tflite-runtime": "tflite-runtime's kernels",
}
"""Runtime -> what a proof calls its kernels; those that are slow and plain come first."""


class Witnesses:
    """The kernels of this machine's CPU, all asked the same random examples, each at most once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._answers: dict[str, Batch | str] = {}

    @cached_property
    def inputs(self) -> Batch:
        """The random examples; see `edgekit.running.timing.random_batch`."""
        return random_batch(self._file, count=16)

    def beside(self, place: Place) -> Iterator[tuple[str, Batch]]:
        """Give names and answers of all kernels that run the file, but for the place's own."""
        for runtime, name in KERNELS.items():
            if Place(runtime=runtime) == place:
                continue
            if runtime not in self._answers:
                self._answers[runtime] = self._ask(Place(runtime=runtime))
            answers = self._answers[runtime]
            if not isinstance(answers, str):
                yield name, answers

    def absence(self) -> str:
        """Return the sentence that says why there are none."""
        why = [answer for answer in self._answers.values() if isinstance(answer, str)]
        return " ".join(
            [
                f"There are no golden vectors beside '{self._file.name}', and no other runtime "
                "here runs it to compare with; give --vectors.",
                *dict.fromkeys(why),
            ]
        )

    def _ask(self, place: Place) -> Batch | str:
        if reason := place.missing():
            return reason
        try:
            with open_session(self._file, runtime=place.runtime) as session:
                return session(self.inputs)
        except (WorkerFailed, Unavailable) as error:
            return str(error)
