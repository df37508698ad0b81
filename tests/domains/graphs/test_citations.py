"""Papers as examples: a neighbourhood is answered as the whole graph would answer."""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest

from edgekit.domains.graphs import asking
from edgekit.domains.graphs.baseline import bags_of_words, words_alone
from edgekit.domains.graphs.citations import FIELDS, NUM_WORDS, ROOM, citations
from edgekit.domains.graphs.examples import neighbourhoods
from edgekit.domains.graphs.training import Best, Checked, whole_graph
from edgekit.domains.upstream.graphs import CITATION_GRAPHS
from edgekit.on_device.graphs.neighbourhoods import fits


@pytest.fixture(params=["graph_gcn", "graph_gat"], scope="module")
def recipe(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"edgekit.recipes.{request.param}")


def test_the_sample_is_a_part_of_cora_that_fits() -> None:
    labelled = citations("tiny")
    assert labelled.labels.max() + 1 == len(FIELDS) == len(labelled.class_names)
    assert labelled.num_words == NUM_WORDS
    assert [len(labelled.splits[s]) for s in ("train", "validation", "test")] == [140, 100, 200]
    papers = np.concatenate([labelled.splits[s] for s in ("train", "validation", "test")])
    assert len(set(papers.tolist())) == 440
    assert not set(papers[140:].tolist()) & set(labelled.splits["calibration"].tolist())
    assert all(fits(labelled.graph, int(paper), ROOM) for paper in papers)


def test_few_papers_of_each_field_are_to_be_learned_from() -> None:
    """The public split tells 20 of each field."""
    labelled = citations("tiny")
    assert np.bincount(labelled.labels[labelled.splits["train"]]).tolist() == [20] * len(FIELDS)


def test_bags_of_words_are_normalized_by_rows() -> None:
    bags = bags_of_words(citations("tiny"), np.arange(9))
    assert bags.sum(axis=1) == pytest.approx(np.ones(9), abs=1e-5)


def test_the_example_asks_for_papers_that_are_there() -> None:
    found = asking.assets(citations("tiny"), symmetric=True)
    assert len(found["example.json"]) < 30_000


def test_drawings_are_made_of_answers() -> None:
    examples = neighbourhoods(citations("tiny"), "test", ROOM, symmetric=True).head(2)
    scores = np.eye(len(FIELDS), dtype=np.float32)[[3, 1]]
    first, second = asking.show(FIELDS, examples.inputs, {"scores": scores})
    assert first.text == "neural networks, 1.00"
    assert second.text.startswith("reinforcement")


@pytest.mark.slow
def test_a_neighbourhood_is_answered_as_the_whole_graph_is(recipe: ModuleType) -> None:
    labelled = citations("tiny")
    whole = recipe.network(
        labelled.room, num_words=labelled.num_words, num_classes=len(FIELDS), whole=True
    )
    alone = recipe.build("tiny")
    alone.set_weights(whole.get_weights())
    inputs, _ = whole_graph(labelled, symmetric=recipe.SYMMETRIC)
    expected = np.asarray(whole(inputs))[0]
    asked = recipe.data("test", "tiny").head(40)
    found = alone.predict(asked.inputs, batch_size=1, verbose=0)
    assert found == pytest.approx(expected[labelled.splits["test"][:40]], abs=1e-5)


@pytest.mark.slow
def test_words_alone_tell_more_than_chance() -> None:
    assert words_alone(citations("tiny"), lambda _share, _doing: None) > 40


def test_training_keeps_the_most_accurate_epoch_and_of_these_the_lowest_loss() -> None:
    best, kept = Best(), []
    epochs = [(1.0, 0.5), (0.9, 0.6), (0.8, 0.6), (0.5, 0.55), (0.85, 0.6)]
    for epoch, (loss, accuracy) in enumerate(epochs):
        checked = Checked(loss, accuracy)
        if best.is_beaten_by(checked):
            kept.append(epoch)
        best = best.after(checked)
    assert kept == [0, 1, 2]
    assert best.waited == 1


def test_both_graphs_are_listed_with_their_upstream() -> None:
    assert {file.path for file in CITATION_GRAPHS.files} == {"cora.npz", "citeseer.npz"}
    assert CITATION_GRAPHS.urls[0].startswith("https://github.com/tkipf/gcn")
