"""A word has one vector for each context it stands in."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.building.parts import parts_of
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.types import Batch
from edgekit.on_device.programs.context import LENGTH, compare, vectors
from edgekit.on_device.vocabulary import END, UNKNOWN
from edgekit.source_model.reference import runner


def neighbours(batch: Batch) -> Batch:
    """Stand in for the model: a word's vector is the word before it and the one behind it."""
    tokens = batch["tokens"].astype(np.float32)
    return {"vectors": np.stack([np.roll(tokens, 1, 1), np.roll(tokens, -1, 1)], axis=-1)}


def test_a_sentence_fills_the_window_by_being_repeated() -> None:
    assert vectors(neighbours, [7, 8, 9]).tolist() == [[END, 8], [7, 9], [8, END]]


def test_shared_words_are_compared_where_they_stand_first() -> None:
    found = dict(compare(neighbours, [7, 50, 9, UNKNOWN], [7, 50, 9, 7, UNKNOWN]))
    assert list(found) == [7, 50, 9]
    assert found[50] == pytest.approx(1.0)
    assert found[9] < 1.0


@pytest.mark.parametrize("count", [0, LENGTH])
def test_a_sentence_of_a_wrong_length_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"has {count} words and marks; allowed are 1 to 31"):
        vectors(neighbours, [5] * count)


@pytest.mark.slow
def test_a_word_in_two_contexts_gets_two_vectors() -> None:
    import keras

    recipe: Recipe = registry.get("recipes", "words_elmo")
    keras.utils.set_random_seed(0)
    model = recipe.build("tiny")
    parts = {part: runner(each) for part, each in parts_of(recipe).split(model).items()}
    before, behind = (compare(parts["context"], [9, 50, 60], other)[0] for other in ([9, 70], [9]))
    assert before[0] == behind[0] == 9
    assert before[1] < 0.999
    assert behind[1] < 0.999
    assert compare(parts["context"], [9, 50], [9, 50])[0][1] == pytest.approx(1.0)

    inputs = recipe.data("test", "tiny").head(3).inputs
    expected = runner(model)(inputs)
    driven = parts_of(recipe).drive(parts)(inputs)
    for name, array in expected.items():
        np.testing.assert_allclose(driven[name], array, atol=1e-4)


@pytest.mark.slow
def test_each_direction_sees_its_own_side_alone() -> None:
    recipe: Recipe = registry.get("recipes", "words_elmo")
    run = runner(recipe.build("tiny"))
    tokens = recipe.data("test", "tiny").head(1).inputs["tokens"]
    changed = tokens.copy()
    changed[0, 20] = 5 if tokens[0, 20] != 5 else 6
    before, after = (run({"tokens": each}) for each in (tokens, changed))
    differs = np.abs(before["vectors"] - after["vectors"]).max(axis=2)[0] > 1e-7
    assert differs[20]
    size = before["vectors"].shape[2] // 2
    forward = np.abs(before["vectors"] - after["vectors"])[0, :, :size].max(axis=1)
    backward = np.abs(before["vectors"] - after["vectors"])[0, :, size:].max(axis=1)
    assert (forward[:20] == 0).all()
    assert (backward[21:] == 0).all()
    same = before["log_probabilities"] == after["log_probabilities"]
    assert same[0, 0, :19].all()  # words up to the 20th, from those before them
    assert same[0, 1, 21:].all()  # words from the 22nd, from those behind them
