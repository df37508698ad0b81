"""Trees in files: both ways to answer them agree with Keras, and with what was trained."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from edgekit.converters.tflite import convert
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.types import Array
from edgekit.domains.trees import treebank
from edgekit.domains.trees.forests import labelled, planted
from edgekit.domains.trees.networks import cells_of, split
from edgekit.on_device.trees.composing import drive
from edgekit.running.session import open_session
from edgekit.source_model.reference import runner

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NUM_TREES = 40


def test_files_answer_trees_as_keras_does(tmp_path: Path) -> None:
    recipe: Recipe = registry.get("recipes", "sentiment_treernn")
    model = recipe.build("tiny")
    parts = split(model)
    inputs = treebank.data("test", "tiny").head(NUM_TREES).inputs
    expected = drive({name: runner(part) for name, part in parts.items()})(inputs)
    np.testing.assert_allclose(expected["whole"], expected["scores"], atol=1e-5)
    with ExitStack() as stack:
        runs = {}
        for name, part in parts.items():
            part.save(tmp_path / f"{name}.keras")
            path = tmp_path / f"{name}.tflite"
            convert(tmp_path / f"{name}.keras", path, precision="float32")
            runs[name] = stack.enter_context(open_session(path, runtime="litert"))
        found = drive(runs)(inputs)
    for name, scores in found.items():
        np.testing.assert_allclose(scores, expected[name], atol=1e-5)


def test_what_is_trained_is_what_the_files_compute() -> None:
    from edgekit.domains.trees.training import states_of

    recipe: Recipe = registry.get("recipes", "sentiment_treernn")
    model = recipe.build("tiny")
    known = zip(treebank.shapes("test", "tiny"), treebank.trees("test", "tiny"), strict=True)
    trees = [labelled(shape, tree.labels) for shape, tree in known][:NUM_TREES]
    forest = planted(trees, 1 + max(int(tree.levels.max()) for tree in trees))
    cells = cells_of(model)
    scores = np.asarray(cells.answer(states_of(cells, forest, training=False)))
    run = drive({name: runner(part) for name, part in split(model).items()})
    answers = run(treebank.data("test", "tiny").head(NUM_TREES).inputs)["scores"]
    assert _sorted(scores) == pytest.approx(_sorted(answers[answers.any(axis=2)]), abs=1e-5)


def _sorted(rows: Array) -> Array:
    return np.sort(rows[:, 0])
