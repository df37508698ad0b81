"""Run a few jobs at once, and report the progress of one part of a long task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from edgekit.core.types import Progress

PARALLEL = 2
"""How many converter processes, or workers that score, run at once. Latency is timed alone."""

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_parallel(
    action: Callable[[Job], Result], jobs: Iterable[Job]
) -> Iterator[tuple[Job, Result]]:
    """Run `PARALLEL` jobs at once, and yield each with its result, in the order given."""
    todo = list(jobs)
    with ThreadPoolExecutor(PARALLEL) as pool:
        try:
            yield from zip(todo, pool.map(action, todo), strict=True)
        except BaseException:  # such as Ctrl-C: do not start the jobs that still wait
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def at_once(action: Callable[[Job], Result], jobs: Iterable[Job], count: int) -> list[Result]:
    """Run `count` jobs at once, each in a thread that waits for it; return the results in order.

    Where one fails, or we are stopped, those that wait are not started, and those that run are not
    waited for: whoever runs them ends them.
    """
    pool = ThreadPoolExecutor(count)
    try:
        return list(pool.map(action, jobs))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def part(progress: Progress, start: float, end: float, prefix: str = "") -> Progress:
    """Return a `Progress` whose 0..1 is `start`..`end` of the given one."""
    return lambda fraction, doing: progress(start + (end - start) * fraction, prefix + doing)
