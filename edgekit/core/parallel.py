"""Do a few things at a time, and tell how far a part of a long task is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from edgekit.core.types import Progress

PARALLEL = 2
"""Converter processes, and workers that score, at one time. Latency is always timed alone."""

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_parallel(
    action: Callable[[Job], Result], jobs: Iterable[Job]
) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result, in order, while `PARALLEL` of them run."""
    todo = list(jobs)
    with ThreadPoolExecutor(PARALLEL) as pool:
        try:
            yield from zip(todo, pool.map(action, todo), strict=True)
        except BaseException:  # such as Ctrl-C: do not start what still waits
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def part(progress: Progress, start: float, end: float, prefix: str = "") -> Progress:
    """Return a `Progress` whose 0..1 is `start`..`end` of the given one."""
    return lambda fraction, doing: progress(start + (end - start) * fraction, prefix + doing)
