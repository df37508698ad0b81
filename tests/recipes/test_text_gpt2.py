"""The step with its cache is the model that was trained."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.building.parts import parts_of
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.source_model.reference import runner


@pytest.mark.slow
def test_decoding_with_the_cache_equals_one_pass_over_all_words() -> None:
    import keras

    recipe: Recipe = registry.get("recipes", "text_gpt2")
    keras.utils.set_random_seed(0)
    model = recipe.build("tiny")
    for layer in model.layers:  # scores of attention that tell the words apart, as trained ones do
        if layer.name.startswith(("query", "key")):
            layer.set_weights([1.5 * weight for weight in layer.get_weights()])
    inputs = recipe.data("test", "tiny").head(3).inputs
    expected = runner(model)(inputs)["log_probabilities"]
    parts = parts_of(recipe)
    runs = {part: runner(each) for part, each in parts.split(model).items()}
    found = parts.drive(runs)(inputs)["log_probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.std(expected) > 0.5
    order = np.roll(inputs["tokens"], 1, axis=1)
    assert np.abs(runner(model)({"tokens": order})["log_probabilities"] - expected).max() > 0.1


@pytest.mark.slow
def test_levelled_keys_and_values_change_no_answer() -> None:
    import keras

    from edgekit.domains.learning.int8_rounding import equalize
    from edgekit.recipes import text_gpt2

    keras.utils.set_random_seed(0)
    model = text_gpt2.build("tiny")
    inputs = text_gpt2.data("test", "tiny").head(2).inputs
    expected = runner(model)(inputs)["log_probabilities"]
    key, value = model.get_layer("key_1"), model.get_layer("value_1")
    equalize(key, model.get_layer("query_1"))
    equalize(value, model.get_layer("mix_1"), by_rows=True)
    for (kernel,) in (key.get_weights(), value.get_weights()):
        np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1, rtol=1e-5)
    found = runner(model)(inputs)["log_probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-4)
