"""A search on two Ray nodes, one of which is lost on the way: the same front, nothing twice."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

import edgekit
from edgekit.core.errors import Unavailable
from edgekit.core.types import Progress, silent
from edgekit.core.variant import Variant
from edgekit.search import study
from edgekit.search.candidate import Candidate, Limits, front_of
from edgekit.search.elsewhere import Elsewhere
from edgekit.search.recipe_source import Request
from edgekit.search.space import Way, every
from edgekit.search.working import search
from edgekit.tasks.choice import crew_of
from edgekit.tasks.crew import Needs
from tests.support import toy_tasks
from tests.support.paths import RECIPES
from tests.support.ray_nodes import cluster_of
from tests.support.sshd import serving

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray's own


@dataclass(frozen=True, kw_only=True)
class Few(Request):
    """The toy recipe with those variants only that pruning and its options give."""

    def ways(self) -> list[Way]:
        """Return one way."""
        return [next(way for way in super().ways() if way.name == "pruned")]


@dataclass(frozen=True, kw_only=True)
class Cheap(Elsewhere):
    """Stands in for builds: a trial is a task of a crew that costs nothing."""

    marks: Path

    @cached_property
    def needs(self) -> Needs:
        """Next to nothing."""
        return Needs(folder=self.source.folder, leaves=(study.JOURNAL,), memory_bytes=100_000_000)

    def measured(
        self, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
    ) -> Candidate:
        """Let the crew try a variant."""
        out = self.needs.folder.parent
        return self.crew.call(self.needs, progress, toy_tasks.tried, out, self.marks, str(variant))

    def nodes(self) -> set[str]:
        """Return which nodes have begun to try a variant."""
        return {path.name.split()[1] for path in self.marks.iterdir()}


@pytest.fixture
def source(tmp_path: Path) -> Few:
    (tmp_path / "marks").mkdir()
    found = Few(**vars(request(tmp_path / "out", "litert")))
    study.begin(found)
    return found


def request(out: Path, target: str) -> Request:
    return Request(
        recipe=str(RECIPES / "blobs.py"),
        target=target,
        size="tiny",
        seed=0,
        out=out,
        limits=Limits(max_drop=2.0),
    )


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_node_that_comes_during_the_search_is_used(source: Few, tmp_path: Path) -> None:
    with cluster_of({"num_cpus": 1}) as (cluster, _), ThreadPoolExecutor(1) as pool:
        with crew_of(1, cluster.address) as crew:
            away = Cheap(source=source, crew=crew, marks=tmp_path / "marks")
            searching = pool.submit(search, source, 5.0, 1, away, silent)
            until(lambda: len(away.nodes()) == 1)
            assert away.slots() == 1
            cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
            until(lambda: len(away.nodes()) == 2)
        assert isinstance(searching.exception(), Unavailable)  # the rest of it was stopped


def test_a_lost_node_changes_nothing(source: Few, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with (
        cluster_of({}, {}) as (cluster, (_, lost)),
        crew_of(1, cluster.address) as crew,
        ThreadPoolExecutor(1) as pool,
    ):
        away = Cheap(source=source, crew=crew, marks=marks)
        searching = pool.submit(search, source, 5.0, 1, away, silent)
        until(lambda: len(list(marks.iterdir())) >= 8)
        cluster.remove_node(lost, allow_graceful=False)
        searching.result()
        assert away.slots() == 2
    found = study.opened(source)
    whole = [json.dumps(trial.user_attrs) for trial in found.trials if trial.values]
    assert max(Counter(whole).values()) == 1  # no measurement counts twice
    known = study.candidates_of(found)
    assert set(known) == {str(each) for each in every(source.ways())}
    alone = {name: toy_tasks.tried(tmp_path / "alone", marks, name) for name in known}
    assert known == alone
    assert front_of(list(known.values()), source.limits) == front_of(
        list(alone.values()), source.limits
    )
    for name, candidate in known.items():  # and no file is lost
        assert (source.folder / name / "model.tflite").stat().st_size == candidate.size_bytes


def test_what_a_cluster_found_is_here_to_go_on_with(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    recipe = RECIPES / "blobs.py"
    with cluster_of({"num_cpus": 1}, {"num_cpus": 1}) as (cluster, _):
        found = edgekit.optimize(
            recipe, "litert", max_drop=5.0, minutes=0.02, out=out, cluster=cluster.address
        )
    assert found.ok
    folder = out / "optimize" / "blobs"
    assert (folder / "optimize.html").is_file()
    assert (folder / found.recommended / "model.tflite").is_file()
    assert json.loads((folder / "plan.json").read_text())["recipe"] == str(recipe)
    trained = (folder / ".steps" / "train.json").stat().st_mtime_ns
    here = edgekit.build(  # goes on from what the cluster left
        recipe, variants=found.recommended, targets="litert", out=out / "optimize"
    )
    assert (folder / ".steps" / "train.json").stat().st_mtime_ns == trained
    there = next(each for each in found.candidates if each.variant == found.recommended)
    (row,) = here.rows
    assert (row.value, row.size_bytes) == (there.value, there.size_bytes)


BOARD = """#!/bin/sh
# Stands for the board's Python: notes each run, and each that begins beside another.
exec 9>{folder}/lock
flock -n 9 || touch {folder}/overlapped
echo run >>{folder}/runs
sleep 1
exec {python} "$@"
"""

TARGET = '''"""LiteRT on a board."""

from dataclasses import replace

from edgekit.core import registry

target = replace(registry.get("targets", "litert"), device="ssh://{address}{python}")
'''


@pytest.mark.device
def test_variants_that_are_made_at_once_are_measured_by_ssh_one_at_a_time(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(BOARD.format(folder=tmp_path, python=sys.executable))
    python.chmod(0o755)
    target = tmp_path / "board.py"
    with (
        serving(tmp_path) as address,  # before the node, which finds this ssh on its path
        cluster_of({"resources": {"board:127.0.0.1": 1}, "memory": 8e9}) as (cluster, _),
        crew_of(1, cluster.address) as crew,
        ThreadPoolExecutor(2) as pool,
    ):
        target.write_text(TARGET.format(address=address, python=python))
        source = request(tmp_path / "out", str(target))
        away = Elsewhere(source=source, crew=crew)
        assert away.slots() == 2
        away.reference(source, Variant.parse("float32"), silent)
        variants = [Variant.parse("float16"), Variant.parse("dynamic_int8")]
        measured = list(pool.map(away.measured, variants))
    assert all(each.is_sound and each.latency_ms for each in measured), measured
    assert len((tmp_path / "runs").read_text().splitlines()) >= 2
    assert not (tmp_path / "overlapped").exists()
