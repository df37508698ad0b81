"""A list of links, a matrix, and NumPy tell nodes the same of their neighbours, in any graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Array, Batch
from edgekit.on_device.graphs.neighbourhoods import Graph, Room, arrays_of, graph_of

if TYPE_CHECKING:
    import keras

NUM_NODES, UNITS, HEADS, NUM_WORDS = 12, 6, 2, 9
ROOM = Room(NUM_NODES, NUM_NODES**2, NUM_WORDS)
CLOSE = 2e-5
"""Absolute, of answers about 1: they are float32, summed in other orders."""


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, NUM_NODES))
    node = st.integers(0, count - 1)
    links = draw(st.lists(st.tuples(node, node), max_size=30))
    numbers = st.lists(st.integers(0, NUM_WORDS - 1), max_size=NUM_WORDS, unique=True)
    return graph_of(draw(st.lists(numbers, min_size=count, max_size=count)), links)


def given_to(graph: Graph, *, symmetric: bool) -> Batch:
    return arrays_of(graph, np.arange(len(graph)), len(graph), ROOM, symmetric=symmetric)


def matrix_of(inputs: Batch) -> Array:
    """The links of inputs as a matrix, `(1, nodes, nodes)`."""
    matrix = np.zeros((1, NUM_NODES, NUM_NODES), np.float32)
    np.add.at(matrix[0], (inputs["targets"][0], inputs["sources"][0]), inputs["weights"][0])
    return matrix


def values_of(seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(1, NUM_NODES, UNITS)).astype(np.float32)


@pytest.fixture(scope="module")
def listed() -> dict[str, keras.Model]:
    """Networks of one step over listed links."""
    import keras
    from keras import ops

    from edgekit.domains.graphs.propagation import attend, convolve, graph_inputs

    inputs, links = graph_inputs(ROOM)
    values = keras.Input(batch_shape=(1, NUM_NODES, UNITS), name="values")
    rows = ops.reshape(values, (NUM_NODES, UNITS))
    answers = {
        "convolve": convolve(rows, links),
        "attend": attend(rows, links, heads=HEADS, dropout=0.0, name="step"),
    }
    # Words are inputs of every network of listed links, and these do not need them.
    needed = {"values": values} | {name: inputs[name] for name in ("sources", "targets", "weights")}
    return {name: keras.Model(needed, ops.expand_dims(x, 0)) for name, x in answers.items()}


@pytest.fixture(scope="module")
def dense(listed: dict[str, keras.Model]) -> dict[str, keras.Model]:
    """The same networks over a matrix, with the same weights."""
    import keras

    from edgekit.domains.graphs.propagation import attend_dense, convolve_dense

    values = keras.Input((NUM_NODES, UNITS), name="values")
    adjacency = keras.Input((NUM_NODES, NUM_NODES), name="adjacency")
    answers = {
        "convolve": convolve_dense(values, adjacency),
        "attend": attend_dense(values, adjacency, heads=HEADS, dropout=0.0, name="step"),
    }
    inputs = {"values": values, "adjacency": adjacency}
    models = {name: keras.Model(inputs, answer) for name, answer in answers.items()}
    for layer in models["attend"].layers:
        if layer.weights:
            layer.set_weights(listed["attend"].get_layer(layer.name).get_weights())
    return models


def ask(model: keras.Model, inputs: Batch, values: Array) -> Array:
    needed = {name: inputs[name] for name in ("sources", "targets", "weights")}
    return np.asarray(model({"values": values, **needed}))


def attended(values: Array, graph: Graph, weights: dict[str, Array]) -> Array:
    """What `attend` says, node by node."""
    answer = np.zeros((len(graph), UNITS))
    by_head = values[0].reshape(NUM_NODES, HEADS, -1).astype(np.float64)
    by_source, by_target = ((by_head * weights[end]).sum(axis=-1) for end in ("source", "target"))
    for node, neighbours in enumerate(graph.neighbours):
        sources = [node, *neighbours]
        logits = by_source[sources] + by_target[node]
        logits = np.where(logits > 0, logits, 0.2 * logits)
        shares = np.exp(logits - logits.max(axis=0))
        shares /= shares.sum(axis=0)
        answer[node] = (shares[:, :, None] * by_head[sources]).sum(axis=0).ravel()
    return answer


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99))
def test_a_list_of_links_a_matrix_and_numpy_convolve_alike(
    listed: dict[str, keras.Model], dense: dict[str, keras.Model], graph: Graph, seed: int
) -> None:
    inputs, values = given_to(graph, symmetric=True), values_of(seed)
    found = ask(listed["convolve"], inputs, values)[0]
    by_matrix = dense["convolve"]({"values": values, "adjacency": matrix_of(inputs)})
    assert np.asarray(by_matrix)[0] == pytest.approx(found, abs=CLOSE)
    linked = np.eye(len(graph))
    for node, neighbours in enumerate(graph.neighbours):
        linked[node, neighbours] = 1
    roots = 1 / np.sqrt(linked.sum(axis=1))
    expected = roots[:, None] * linked * roots @ values[0, : len(graph)]
    assert found[: len(graph)] == pytest.approx(expected, abs=CLOSE)
    assert not found[len(graph) :].any()


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99))
def test_a_list_of_links_a_matrix_and_numpy_attend_alike(
    listed: dict[str, keras.Model], dense: dict[str, keras.Model], graph: Graph, seed: int
) -> None:
    inputs, values = given_to(graph, symmetric=False), values_of(seed)
    found = ask(listed["attend"], inputs, values)[0, : len(graph)]
    by_matrix = dense["attend"]({"values": values, "adjacency": np.sign(matrix_of(inputs))})
    assert np.asarray(by_matrix)[0, : len(graph)] == pytest.approx(found, abs=CLOSE)
    weights = {
        end: np.asarray(listed["attend"].get_layer(f"step_{end}").kernel)
        for end in ("source", "target")
    }
    assert found == pytest.approx(attended(values, graph, weights), abs=CLOSE)


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99), name=st.sampled_from(["convolve", "attend"]))
def test_renumbered_nodes_get_their_own_answers(
    listed: dict[str, keras.Model], graph: Graph, seed: int, name: str
) -> None:
    order = np.random.default_rng(seed).permutation(len(graph))
    inputs, values = given_to(graph, symmetric=name == "convolve"), values_of(seed)
    found = ask(listed[name], inputs, values)[0]
    moved = values.copy()
    moved[0, : len(graph)] = values[0, order]
    renumbered = arrays_of(graph, order, len(graph), ROOM, symmetric=name == "convolve")
    again = ask(listed[name], renumbered, moved)[0]
    assert again[: len(graph)] == pytest.approx(found[order], abs=CLOSE)


@settings(max_examples=15, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99), name=st.sampled_from(["convolve", "attend"]))
def test_what_stands_in_padding_changes_nothing(
    listed: dict[str, keras.Model], graph: Graph, seed: int, name: str
) -> None:
    inputs, values = dict(given_to(graph, symmetric=name == "convolve")), values_of(seed)
    found = ask(listed[name], inputs, values)[0, : len(graph)]
    values[0, len(graph) :] = 7.0
    padding = inputs["weights"] == 0
    random = np.random.default_rng(seed)
    for ends in ("sources", "targets"):
        other = random.integers(0, NUM_NODES, padding.shape, dtype=np.int32)
        inputs[ends] = np.where(padding, other, inputs[ends])
    assert ask(listed[name], inputs, values)[0, : len(graph)] == pytest.approx(found, abs=CLOSE)
