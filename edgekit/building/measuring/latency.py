"""How long files take: one call of each, and all calls for one answer of the bundle's example."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from edgekit.building.programs import is_ours
from edgekit.core.errors import EdgekitError
from edgekit.core.recipe import Recipe
from edgekit.core.report import Row
from edgekit.core.types import Batch, Run
from edgekit.on_device.answering import Models
from edgekit.running.place import Place
from edgekit.running.session import open_session
from edgekit.running.timing import time_file
from edgekit.source_model.golden_vectors import Vectors
from edgekit.verbs.run.bundles import Asked, program_called


def timed(
    row: Row, files: Mapping[str, Path], place: Place, *, vectors: Vectors, example: Asked | None
) -> Row:
    """Return a row with latencies, each timed in the runtime's process.

    Args:
        row: Of the files on the place.
        files: Part name -> file.
        place: One whose times mean something.
        vectors: Part name -> golden vectors; the first of each is timed.
        example: The bundle's example call of these files; None if it has none.
    """
    timings = {
        part: time_file(path, place, inputs=vectors[part][0]) for part, path in files.items()
    }
    medians = {part: timing.median_ms for part, timing in timings.items()}
    calls = calls_of(example, place) if example else {}
    return replace(
        row,
        latency_ms_median=sum(medians.values()),
        latency_ms_p90=sum(timing.p90_ms for timing in timings.values()),
        latency_ms_by_file=medians if len(medians) > 1 else {},
        latency_ms_example=sum(n * medians[part] for part, n in calls.items()) if calls else None,
        calls_by_file=calls,
        peak_memory_bytes=max(timing.peak_memory_bytes for timing in timings.values()),
    )


def example_of(
    recipe: Recipe, folder: Path, variant: str, files: Mapping[str, Path]
) -> Asked | None:
    """Return the example call of a bundle's program, on some files.

    Args:
        recipe: Names the program and its example.
        folder: Where the program reads its own files.
        variant: Of the files.
        files: Part name -> file.
    """
    if not is_ours(recipe.program):
        return None
    return Asked(
        name=recipe.program.name,
        program=program_called(recipe.program.name),
        folder=folder,
        variant=variant,
        files=files,
        labels=recipe.signature.labels,
        example=recipe.program.example,
    )


def calls_of(example: Asked, place: Place) -> dict[str, int]:
    """Return how often one answer to an example call invokes each file; empty if it fails here.

    The program really runs, since what a file answers may decide how often a loop asks it again.
    Where the example holds several items, it is the answer to the first.
    """
    counts = dict.fromkeys(example.files, 0)

    def counting(part: str, run: Run) -> Run:
        def counted(batch: Batch) -> Batch:
            counts[part] += len(next(iter(batch.values())))  # one invocation each
            return run(batch)

        return counted

    parser = ArgumentParser(exit_on_error=False)
    example.program.add_arguments(parser, inputs="+")
    try:
        options = parser.parse_args(example.example)
        with ExitStack() as stack:
            runs = {
                part: counting(
                    part,
                    stack.enter_context(
                        open_session(path, runtime=place.runtime, device=place.device)
                    ),
                )
                for part, path in example.files.items()
            }
            models = Models(example.folder, example.facts(), runs, example.labels)
            next(example.program.answers(models, options.inputs, options), None)
    except (EdgekitError, OSError, ValueError, SystemExit):  # such as a library that is not here
        return {}
    return counts
