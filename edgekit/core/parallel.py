"""Run a few jobs at once, and report the progress of one part of a long task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from edgekit.core.processes import kill_all
from edgekit.core.types import Progress

PARALLEL = 2
"""How many converter processes, or workers that score, run at once. Latency is timed alone."""

MOST_WORKERS = 64
"""More are never asked for, nor run at once."""

ASKED_EVERY_S = 1.0

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


def at_once(
    action: Callable[[Job], Result], jobs: Iterable[Job], room: Callable[[], int]
) -> list[Result]:
    """Run as many jobs at once as there is room for; return the results in order.

    Where one fails, or we are stopped, no other is begun, all processes that were started are
    ended, and no thread is waited for.

    Args:
        action: Run in a thread, in which it waits for a process or another machine.
        jobs: The next one is taken when there is room for it.
        room: Returns how many may run; asked when one has ended, and every second. Where it says
            none, one runs all the same: it knows better how long to wait, and for what.
    """
    pool = ThreadPoolExecutor(MOST_WORKERS)
    todo = iter(jobs)
    begun: list[Future[Result]] = []
    running: set[Future[Result]] = set()
    try:
        while True:
            free = min(max(room(), 1), MOST_WORKERS) - len(running)
            news = [pool.submit(action, job) for job in islice(todo, max(free, 0))]
            begun += news
            running.update(news)
            if not running:
                return [each.result() for each in begun]
            ended, running = wait(running, timeout=ASKED_EVERY_S, return_when=FIRST_COMPLETED)
            for each in ended:
                each.result()
    except BaseException:  # such as Ctrl-C
        kill_all()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def part(progress: Progress, start: float, end: float, prefix: str = "") -> Progress:
    """Return a `Progress` whose 0..1 is `start`..`end` of the given one."""
    return lambda fraction, doing: progress(start + (end - start) * fraction, prefix + doing)
