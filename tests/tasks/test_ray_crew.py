"""Tasks on two Ray nodes: files go there and back, a board is held by one, a node may be lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import BadData, Unavailable
from edgekit.core.types import silent
from edgekit.tasks.choice import crew_of
from edgekit.tasks.crew import Crew, Needs
from tests.support import toy_tasks
from tests.support.ray_nodes import cluster_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray's own

SMALL = 100_000_000


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Any, list[Any]]]:
    with cluster_of({}, {"resources": {"board:pi": 1}}) as found:
        yield found


@pytest.fixture(scope="module")
def crew(nodes: tuple[Any, list[Any]]) -> Iterator[Crew]:
    with crew_of(1, nodes[0].address) as found:
        yield found


def test_files_go_there_and_back(crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").write_text("old")
    (tmp_path / "run" / "journal").write_text("ours")
    given = tmp_path / "given.txt"
    given.write_text("of the user's own")
    needs = Needs(folder=tmp_path / "run", reads=(given,), leaves=("journal",), memory_bytes=SMALL)
    assert crew.call(needs, silent, toy_tasks.written, tmp_path, "a", "one") == "old"
    assert (tmp_path / "run" / "made" / "a").read_text() == "one"
    assert crew.call(needs, silent, toy_tasks.swapped, tmp_path, "old", given) == (
        "of the user's own"
    )
    # What is written may hold what the node was sent, under another name.
    assert crew.call(needs, silent, toy_tasks.written, tmp_path, "b", "one") == "a"
    assert (tmp_path / "run" / "made" / "b").read_text() == "one"
    names = {path.name for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert names == {"a", "b", "journal"}
    with pytest.raises(BadData, match=r"^the sentence$"):
        crew.call(needs, silent, toy_tasks.refused, "the sentence")


def test_a_board_is_held_by_one_task_and_lack_of_it_is_said(crew: Crew, tmp_path: Path) -> None:
    needs = Needs(folder=tmp_path / "run", boards=("board:pi",), memory_bytes=SMALL)
    assert crew.slots(needs) == 1
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(crew.call, needs, silent, toy_tasks.slept, 0.3) for _ in range(2)]
        (_, first), (second, _) = sorted(each.result() for each in asked)
    assert first <= second
    with pytest.raises(Unavailable, match=r"--resources='\{\"board:nano\": 1\}'"):
        crew.require(Needs(folder=tmp_path, boards=("board:nano",)))
    with pytest.raises(Unavailable, match="asks for 3 CPU"):
        crew.require(Needs(folder=tmp_path, cpus=3))


def test_a_lost_nodes_tasks_run_again_and_each_counts_once(
    nodes: tuple[Any, list[Any]], crew: Crew, tmp_path: Path
) -> None:
    cluster, (_, lost) = nodes
    needs = Needs(folder=tmp_path / "out" / "run", memory_bytes=SMALL)
    names = [f"task{number}" for number in range(4)]
    marks = tmp_path / "marks"
    marks.mkdir()
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(crew.call, needs, silent, toy_tasks.noted, marks, name, 4.0)
            for name in names
        ]
        until = time.monotonic() + 60
        while len(list(marks.iterdir())) < 4 and time.monotonic() < until:
            time.sleep(0.1)
        cluster.remove_node(lost, allow_graceful=False)
        assert sorted(each.result() for each in asked) == names
    attempts = Counter(path.name.split()[0] for path in marks.iterdir())
    assert set(attempts) == set(names)
    assert attempts.total() > len(names)
