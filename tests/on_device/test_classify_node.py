"""The program for graphs: what it reads, whom it looks at, what it says and draws."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.types import Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.graphs.drawn import SIDE, drawn
from edgekit.on_device.graphs.neighbourhoods import (
    Room,
    example,
    fits,
    graph_of,
    neighbourhood,
    symmetric_weights,
)
from edgekit.on_device.programs import classify_node

CHAIN = graph_of([[0], [1, 2], [], [3], [0, 3]], [[0, 1], [1, 2], [2, 3], [3, 4]])
ROOM = Room(nodes=4, links=10, words=2)


def test_links_count_once_in_both_directions() -> None:
    graph = graph_of([[2, 0, 2], []], [[0, 1], [1, 0], [1, 1]])
    assert graph.words[0].tolist() == [0, 2]
    assert [nodes.tolist() for nodes in graph.neighbours] == [[1], [0]]


@pytest.mark.parametrize("link", [[0, 2], [-1, 0], [0], [0, 1, 1]])
def test_a_link_to_nowhere_is_refused(link: list[int]) -> None:
    with pytest.raises(ValueError, match="does not name two of the 2 nodes; give pairs"):
        graph_of([[], []], [link])


def test_a_negative_word_is_refused() -> None:
    with pytest.raises(ValueError, match="words are counted from 0"):
        graph_of([[-1, 3]], [])


def test_a_neighbourhood_begins_with_the_node_and_ends_two_links_from_it() -> None:
    assert neighbourhood(CHAIN, 1, 9).tolist() == [1, 0, 2, 3]
    assert neighbourhood(CHAIN, 1, 3).tolist() == [1, 0, 2]
    assert neighbourhood(CHAIN, 1, 1).tolist() == [1]


def test_a_node_is_given_with_all_that_it_hears_in_two_steps() -> None:
    inputs = example(CHAIN, 0, ROOM, symmetric=True)
    assert inputs["words"].shape == (1, 4, 2)
    assert inputs["words"][0, 1].tolist() == [1, 2]
    assert inputs["shares"][0].tolist() == [[1, 0], [0.5, 0.5], [0, 0], [0, 0]]
    pairs = list(zip(inputs["sources"][0], inputs["targets"][0], strict=True))
    assert pairs[:5] == [(0, 0), (1, 0), (1, 1), (0, 1), (2, 1)]
    sixth = 1 / np.sqrt(6)
    expected = [0.5, sixth, 1 / 3, sixth, 1 / 3, 0, 0, 0, 0, 0]
    assert inputs["weights"][0] == pytest.approx(expected)
    equal = example(CHAIN, 0, ROOM, symmetric=False)["weights"][0]
    assert equal == pytest.approx([1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0, 0])


def test_links_without_room_are_left_out_the_last_first() -> None:
    inputs = example(CHAIN, 0, Room(4, 3, 2), symmetric=False)
    assert inputs["sources"][0].tolist() == [0, 1, 1]
    assert inputs["targets"][0].tolist() == [0, 0, 1]


def test_a_neighbourhood_fits_with_all_its_nodes_and_links() -> None:
    assert fits(CHAIN, 1, Room(4, 8, 2))
    assert not fits(CHAIN, 1, Room(3, 8, 2))
    assert not fits(CHAIN, 1, Room(4, 7, 2))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no node 5; the graph has 0 to 4"):
        example(CHAIN, 5, ROOM, symmetric=True)
    with pytest.raises(ValueError, match="has 2 words; the model has room for 1"):
        example(CHAIN, 1, Room(4, 10, 1), symmetric=True)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20), st.integers(0, 7))
def test_symmetric_weights_are_those_of_the_whole_graph(
    links: list[tuple[int, int]], node: int
) -> None:
    graph = graph_of([[]] * 8, links)
    inputs = example(graph, node, Room(8, 64, 1), symmetric=True)
    nodes = neighbourhood(graph, node, 8)
    real = inputs["weights"] > 0
    ends = (nodes[inputs[name][real]] for name in ("sources", "targets"))
    assert inputs["weights"][real] == pytest.approx(symmetric_weights(graph, *ends))
    assert real.sum() == sum(
        1 + len(graph.neighbours[near]) for near in [node, *graph.neighbours[node]]
    )


def written(tmp_path: Path, **content: object) -> Path:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(content))
    return path


def test_a_file_asks_for_some_nodes_or_for_all(tmp_path: Path) -> None:
    graph = {"words": [[1], [0]], "links": [[0, 1]]}
    some = classify_node.read_questions(written(tmp_path, **graph, asked=[1]))
    assert [question.node for question in some] == [1]
    every = classify_node.read_questions(written(tmp_path, **graph, names=["a", "b"]))
    assert [question.names[question.node] for question in every] == ["a", "b"]


@pytest.mark.parametrize(
    "content",
    [
        {"words": [[1]]},
        {"words": 3, "links": []},
        {"words": [["x"]], "links": []},
        {"words": [[1]], "links": [], "asked": [1]},
        {"words": [[1]], "links": [], "names": ["a", "b"]},
        {"words": [[1]], "links": [5]},
        {"words": [[1]], "links": [["a", "b"]]},
        {"words": [[1]], "links": [[0.5, 0]]},
        {"words": [[1e30]], "links": []},
        {"words": [[2**31]], "links": []},
        {"words": [[True]], "links": []},
        {"words": [[1]], "links": [], "asked": 0},
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"write|give"):
        classify_node.read_questions(written(tmp_path, **content))


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text("0,1\n")
    with pytest.raises(ValueError, match="is no graph"):
        classify_node.read_questions(path)


def models_in(folder: Path) -> Models:
    """A bundle whose model is sure of the class that is the asked node's first word."""
    facts = {"num_words": 4, "symmetric": True}
    (folder / classify_node.FACTS).write_text(json.dumps(facts))

    def run(batch: Batch) -> Batch:
        return {"scores": np.eye(3, dtype=np.float32)[batch["words"][:, 0, 0]]}

    shapes = {"words": [1, 4, 2], "shares": [1, 4, 2], "sources": [1, 10]}
    inputs = [{"name": name, "shape": shape} for name, shape in shapes.items()]
    return Models(folder, {"model": {"inputs": inputs}}, {"model": run}, ["x", "y", "z"])  # type: ignore[typeddict-item]


def test_a_node_is_named_and_drawn_among_its_neighbours(tmp_path: Path) -> None:
    question = classify_node.Question(CHAIN, 1, ["a", "b", "c", "d", "e"])
    answer = classify_node.answer(models_in(tmp_path), question, Namespace(count=2))
    assert answer.lines == ["1.000  y", "0.000  x"]
    assert answer.drawing is not None
    assert answer.drawing.text.startswith("b, 2 neighbours")


def test_the_answer_says_that_neighbours_were_left_out(tmp_path: Path) -> None:
    star = graph_of([[0]] * 9, [[0, other] for other in range(1, 9)])
    answer = classify_node.answer(
        models_in(tmp_path), classify_node.Question(star, 0, []), Namespace(count=1)
    )
    assert answer.lines[1].startswith("Its neighbourhood has more than 4 nodes or 10 links")


def test_a_word_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    question = classify_node.Question(graph_of([[9]], []), 0, [])
    with pytest.raises(ValueError, match="has the word 9; the model knows 0 to 3"):
        classify_node.answer(models_in(tmp_path), question, Namespace(count=1))


@given(
    links=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    node=st.integers(0, 9),
    room=st.builds(Room, st.integers(1, 10), st.integers(1, 100), st.just(1)),
)
def test_any_neighbourhood_is_drawn_within_its_paper(
    links: list[tuple[int, int]], node: int, room: Room
) -> None:
    inputs = example(graph_of([[]] * 10, links), node, room, symmetric=False)
    picture = drawn(inputs, 2, "text").picture
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture[SIDE // 2, SIDE // 2] == pytest.approx(np.array([0, 158, 115]) / 255)
