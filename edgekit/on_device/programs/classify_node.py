"""Say what a node of a graph is, from its words and those of its neighbours.

    python3 classify_node.py --variant int8 example.json

A file holds a graph of any size, the nodes that are asked for, and what nodes are called if they
have names: {"words": [[3, 17], [17]], "links": [[0, 1]], "asked": [0], "names": ["a", "b"]}.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence, Tuple

import numpy as np

from ..answering import Answer, Kind, Models, Program, at_least_one
from ..graphs.drawn import drawn
from ..graphs.neighbourhoods import Graph, Room, example, fits, graph_of
from ..interpreter import find_file

MODEL = "model"
FACTS = "graph_facts.json"
"""In the bundle: `num_words`, how many words the model knows, and `symmetric`, as of `example`."""

TOP = 3
"""Classes that are named, if the user asks for no other number."""


class Question(NamedTuple):
    """A node that is asked for.

    Attributes:
        graph: All nodes.
        node: The number of the one.
        names: What nodes are called; empty if they have no names.
    """

    graph: Graph
    node: int
    names: Sequence[str]


def read_questions(path: Path | str) -> list[Question]:
    """Read the nodes that a file asks for; all if it names none.

    Raises:
        OSError: There is no such file.
        ValueError: It is no JSON, lacks words or links, or names nodes that are not there.
    """
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
        words, links = _whole_numbers(given["words"]), _whole_numbers(given["links"])
        (asked,) = _whole_numbers([given.get("asked", list(range(len(words))))])
        names = [str(name) for name in given.get("names", ())]
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"'{path}' is no graph ({error!r}); write "
            '{"words": [[3, 17], [17]], "links": [[0, 1]], "asked": [0]}: the words of each node, '
            "pairs of nodes that are linked, and which to answer."
        ) from error
    graph = graph_of(words, links)
    if len(names) not in (0, len(graph)) or not all(0 <= node < len(graph) for node in asked):
        raise ValueError(
            f"'{path}' has {len(graph)} nodes, {len(names)} names, and asks for {asked}; give a "
            "name for each or none, and ask for nodes that are there, the first is 0."
        )
    return [Question(graph, node, names) for node in asked]


def _whole_numbers(rows: object) -> list[list[int]]:
    """Return lists of whole numbers that 32 bits hold."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise TypeError("no list of lists")
    for number in (number for row in rows for number in row):
        if type(number) is not int or abs(number) >= 2**31:
            raise TypeError(f"{number!r} is no whole number")
    return rows


def answer(models: Models, question: Question, options: Namespace) -> Answer:
    """Name the classes of a node, the likeliest first, each with its share."""
    graph, node, names = question
    facts = json.loads((models.folder / FACTS).read_text(encoding="utf-8"))
    _check_words(graph, facts["num_words"])
    shapes = {tensor["name"]: tensor["shape"] for tensor in models.facts[MODEL]["inputs"]}
    room = Room(shapes["words"][1], shapes["sources"][1], shapes["words"][2])
    inputs = example(graph, node, room, symmetric=facts["symmetric"])
    scores = models.runs[MODEL](inputs)["scores"][0]
    labels = models.labels or [f"class {number}" for number in range(len(scores))]
    order = np.argsort(-scores, kind="stable")[: options.count]
    lines = [f"{scores[index]:.3f}  {labels[index]}" for index in order]
    if not fits(graph, node, room):
        lines.append(
            f"Its neighbourhood has more than {room.nodes:,} nodes or {room.links:,} links; the "
            "last of them were left out."
        )
    near = len(graph.neighbours[node])
    title = f"{names[node] if names else f'node {node}'}, {near} neighbours"
    return Answer(lines, drawn(inputs, int(order[0]), "\n".join([title, *lines])))


def _check_words(graph: Graph, num_words: int) -> None:
    highest = max((int(words[-1]) for words in graph.words if len(words)), default=0)
    if highest >= num_words:
        raise ValueError(
            f"A node has the word {highest}; the model knows 0 to {num_words - 1}. Leave the "
            "others out."
        )


def _read(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, Question]]:
    for name in arguments:
        for question in read_questions(find_file(name, bundle)):
            known = question.names[question.node] if question.names else f"node {question.node}"
            yield f"{name}, {known}", question


def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--count", type=at_least_one, default=TOP, help=f"how many classes to name, {TOP} if left"
    )


GRAPHS: Kind[Question] = Kind("GRAPH", "JSON: words of each node, links, nodes asked for", _read)
program = Program(
    answer,
    takes=GRAPHS,
    description="Say what nodes of a graph are, from their words and those of their neighbours.",
    example="example.json",
    options=_options,
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
