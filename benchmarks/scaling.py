"""How many trials an hour: one worker, two workers, two Ray nodes; and what a task costs besides.

    python benchmarks/scaling.py --minutes 5
    python benchmarks/scaling.py --minutes 5 --cluster 10.0.0.1:6379   # and a cluster that is there

Every way searches the same recipe anew, from its trained reference on. A trial is counted when it
is done; the clock stops when the last one is. The two nodes are made on this machine, so they share
its processors: what the table shows of them is what Ray costs, not what a second machine gives.
A task's overhead is measured on the run folder that the search leaves: its files are named, sent to
a node, unpacked, looked through and the task's answer brought back, and nothing is done there.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.types import silent
from edgekit.core.variant import Variant
from edgekit.running.this_machine import machine
from edgekit.search import study
from edgekit.search.candidate import Limits
from edgekit.search.elsewhere import Elsewhere, joined
from edgekit.search.recipe_source import Request, trained_reference
from edgekit.search.working import search
from edgekit.tasks.node import edition

FLOAT = Variant(precision="float32")
CALLS = 20
"""Empty tasks that are timed, after two that let the nodes start their processes."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What one way of searching came to."""

    name: str
    trials: int
    seconds: float
    trial_s: float
    overhead_s: float | None = None

    def row(self) -> str:
        """Return a line of the table."""
        share = "" if self.overhead_s is None else f"{self.overhead_s * 1000:.0f} ms"
        part = "" if self.overhead_s is None else f"{100 * self.overhead_s / self.trial_s:.1f} %"
        return (
            f"| {self.name} | {self.trials} | {3600 * self.trials / self.seconds:.0f} | "
            f"{self.trial_s:.1f} | {share} | {part} |"
        )


def overhead_s(away: Elsewhere) -> float:
    """Return the median seconds of a task that only says which edgekit is there."""
    taken = []
    for _ in range(CALLS + 2):
        start = time.monotonic()
        away.crew.call(away.needs, silent, edition)
        taken.append(time.monotonic() - start)
    return statistics.median(taken[2:])


def rate_of(source: Request, name: str, *, minutes: float, workers: int, cluster: str) -> Rate:
    """Search, and return how fast that was."""
    with joined(cluster, source.place) as crew:
        away = Elsewhere(source=source, crew=crew) if crew else None
        if away:
            away.reference(source, FLOAT, silent)
        else:
            trained_reference(source, FLOAT)
        study.begin(source)
        start = time.monotonic()
        search(source, minutes, workers, away, silent)
        seconds = time.monotonic() - start
        known = study.candidates_of(study.opened(source)).values()
        return Rate(
            name=name,
            trials=len(known),
            seconds=seconds,
            trial_s=statistics.median(each.seconds for each in known),
            overhead_s=overhead_s(away) if away else None,
        )


@contextlib.contextmanager
def two_nodes() -> Iterator[str]:
    """Give the address of a cluster on this machine, whose two nodes run one trial each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        yield cluster.address
    finally:
        cluster.shutdown()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="image_cnn")
    parser.add_argument("--target", default="litert")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each way")
    parser.add_argument("--cluster", default="", help="HOST:PORT of one that is there")
    asked = parser.parse_args()
    print(
        f"{asked.recipe}, tiny, for {asked.target}; {asked.minutes:g} minutes each; {machine()}\n"
    )
    print("| where | trials | an hour | median s of a trial | a task besides | of a trial |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with two_nodes() as address, tempfile.TemporaryDirectory() as scratch:
        ways = [("1 worker", 1, ""), ("2 workers", 2, ""), ("two Ray nodes here", 1, address)]
        ways += [(f"Ray at {asked.cluster}", 1, asked.cluster)] if asked.cluster else []
        for name, workers, cluster in ways:
            source = Request(
                recipe=asked.recipe,
                target=asked.target,
                size="tiny",
                seed=0,
                out=Path(scratch) / name,
                limits=Limits(),
            )
            rate = rate_of(source, name, minutes=asked.minutes, workers=workers, cluster=cluster)
            print(rate.row(), flush=True)


if __name__ == "__main__":
    main()
