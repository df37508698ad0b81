"""Graphs of users: each is read right, or refused in a sentence that helps."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.graphs.labelled import MOST_WORDS, NEEDED, labelled_graph, read_graph

NUM_NODES, NUM_WORDS = 40, 9


def arrays_of(**changed: object) -> dict[str, Array]:
    """A ring of 40 nodes of two classes; node n has the words 0 and n % 9."""
    words = [sorted({0, node % NUM_WORDS}) for node in range(NUM_NODES)]
    nodes = np.arange(NUM_NODES)
    given: dict[str, object] = {
        "feature_indptr": np.cumsum([0, *map(len, words)]),
        "feature_indices": np.concatenate(words),
        "feature_shape": [NUM_NODES, NUM_WORDS],
        "edges": np.stack([nodes, (nodes + 1) % NUM_NODES], axis=1),
        "labels": nodes % 2,
        "train_index": nodes[:8],
        "val_index": nodes[8:14],
        "test_index": nodes[14:36],
        **changed,
    }
    return {name: np.asarray(array) for name, array in given.items() if array is not None}


def written(path: Path, **changed: object) -> Path:
    np.savez(path, **arrays_of(**changed))  # type: ignore[arg-type]
    return path


def test_a_graph_is_read_with_its_words_links_and_splits(tmp_path: Path) -> None:
    labelled = read_graph(written(tmp_path / "ring.npz", class_names=["even", "odd"]))
    assert labelled.graph.words[7].tolist() == [0, 7]
    assert labelled.graph.neighbours[0].tolist() == [1, NUM_NODES - 1]
    assert labelled.class_names == ("even", "odd")
    assert labelled.splits["calibration"].tolist() == [*range(8), *range(36, 40)]
    assert labelled.room == (NUM_NODES, 3 * NUM_NODES, 2)


def test_classes_without_names_are_numbered() -> None:
    assert labelled_graph(arrays_of(), "ring.npz").class_names == ("class 0", "class 1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"edges": None}, "has no array 'edges'; a graph needs feature_indptr"),
        ({"edges": [[0, NUM_NODES]]}, "'edges' has 0 to 40; allowed is 0 to 39"),
        ({"edges": [[0.5, 1.0]]}, r"float64 of shape \(1, 2\); give whole numbers of shape \(n, 2"),
        ({"edges": [0, 1]}, "give whole numbers of shape"),
        ({"labels": [0, 1]}, r"give whole numbers of shape \(40,\)"),
        ({"labels": np.full(NUM_NODES, -1)}, "a node of a split has the label -1"),
        ({"feature_indices": np.full(75, NUM_WORDS)}, "'feature_indices' has 9 to 9; allowed is 0"),
        ({"feature_indptr": np.zeros(NUM_NODES + 1, int)}, "'feature_indptr' must rise from 0 to"),
        ({"feature_shape": [0, 0]}, "'feature_shape' has 0 to 0; allowed is 1 to"),
        ({"feature_values": [0.5]}, "'feature_values' are not all 1"),
        ({"train_index": [0, 2]}, "has nodes of 1 of 2 classes; name some of each"),
        ({"train_index": np.zeros(0, int)}, "must each name other nodes"),
        ({"test_index": [0, 1]}, "must each name other nodes"),
        ({"test_index": [20, 20]}, "must each name other nodes"),
        ({"class_names": ["even"]}, "must hold 2 different names"),
        ({"class_names": ["even", "even"]}, "must hold 2 different names"),
    ],
)
def test_what_contradicts_itself_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadData, match=said):
        labelled_graph(arrays_of(**changed), "ring.npz")


def test_a_node_with_too_many_words_is_refused() -> None:
    ends = np.full(NUM_NODES + 1, MOST_WORDS + 1)
    ends[0] = 0
    many = arrays_of(
        feature_indptr=ends,
        feature_indices=np.arange(MOST_WORDS + 1),
        feature_shape=[NUM_NODES, MOST_WORDS + 1],
    )
    with pytest.raises(BadData, match=r"node 0 has 129 words; .*, leave out the most frequent"):
        labelled_graph(many, "ring.npz")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    for name, content in (("text.npz", b"0,1\n"), ("empty.npz", b""), ("cut.npz", b"PK\x03\x04")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(BadData, match=r"is no \.npz|is not a complete \.npz"):
            read_graph(path)
    np.save(tmp_path / "one.npy", np.arange(3))
    np.savez(tmp_path / "objects.npz", edges=np.array([{}], object))
    for name in ("one.npy", "objects.npz", "."):
        with pytest.raises(BadData, match=r"is no \.npz|is not a complete \.npz|a single array"):
            read_graph(tmp_path / name)


WHATEVER = st.one_of(
    st.none(),
    st.lists(st.integers(-3, 50), max_size=6).map(np.array),
    st.lists(st.lists(st.integers(-3, 50), min_size=2, max_size=2), max_size=4).map(np.array),
    st.floats(allow_nan=True).map(np.array),
    st.text(max_size=3).map(np.array),
)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from([*NEEDED, "feature_values", "class_names"]), array=WHATEVER)
def test_any_array_is_taken_or_refused_in_a_sentence(name: str, array: Array | None) -> None:
    with contextlib.suppress(BadData):
        labelled_graph(arrays_of(**{name: array}), "ring.npz")


@pytest.mark.parametrize("name", ["graph_gcn", "graph_gat"])
def test_recipes_take_a_graph_of_a_user(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "ring.npz", class_names=["even", "odd"])
    own = importlib.import_module(f"edgekit.recipes.{name}").with_data(path)
    assert own.signature.labels == ("even", "odd")
    assert own.about_data == (
        "40 nodes, 40 links, 9 words, 2 classes; splits as the file has them: 8 train, "
        "6 validation, 22 test.",
    )
    test = own.data("test", "tiny")
    right, wrong = own.answer_key(test)
    assert (own.score(right, test), own.score(wrong, test)) == (100, 0)
    for tensor in own.signature.inputs:
        assert test.inputs[tensor.name].shape == (22, *tensor.shape[1:])
    assert '"asked": [0' in own.assets("tiny")["example.json"]
    (drawing, *_) = own.show(test.inputs, right(test.inputs))
    assert drawing.text == "even, 1.00"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["graph_gcn", "graph_gat"])
def test_networks_follow_a_graph_of_a_user(tmp_path: Path, name: str) -> None:
    own = importlib.import_module(f"edgekit.recipes.{name}").with_data(written(tmp_path / "r.npz"))
    model = own.train(own.build("tiny"), "tiny", lambda _share, _doing: None)
    assert [tuple(i.shape) for i in model.inputs] == [t.shape for t in own.signature.inputs]
    assert own.baseline[1]("tiny", lambda _share, _doing: None) >= 0
