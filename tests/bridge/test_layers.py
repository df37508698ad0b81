"""Every public class of `keras.layers` is carried with parity, or refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.bridge.carry import TOLERANCE, check_parity, to_tf_keras
from edgekit.core.errors import UnsupportedLayer
from tests.support import bridge_cases as cases
from tests.support import bridge_table as table

pytest.importorskip("tf_keras")


@pytest.mark.parametrize("name", table.names())
def test_a_layer_is_carried_or_refused_by_name(name: str) -> None:
    outcome = table.outcome(name)
    if outcome.refused:
        assert f"({table.layer_classes()[name].__name__})" in outcome.refused
        assert table.reason(outcome.refused)
    assert outcome.error <= TOLERANCE


@pytest.mark.filterwarnings("ignore:.*passed an input with a mask")  # inside Keras' own attention
def test_our_layer_for_tf_keras_can_be_copied_and_saved(tmp_path: Path) -> None:
    import tf_keras

    for number, model in enumerate(cases.models("GroupQueryAttention")):
        twin = to_tf_keras(model)
        copy = tf_keras.models.clone_model(twin)
        copy.set_weights(twin.get_weights())
        assert check_parity(model, copy) <= TOLERANCE
        twin.save(tmp_path / f"{number}.keras")
        again = tf_keras.models.load_model(tmp_path / f"{number}.keras")
        assert check_parity(model, again) <= TOLERANCE


@pytest.mark.parametrize(
    ("options", "because"),
    [({}, "adapt it first"), ({"vocabulary": ["a"], "ragged": True}, "ragged or sparse")],
)
def test_a_text_layer_without_words_or_with_ragged_answers_is_refused(
    options: dict[str, Any], because: str
) -> None:
    import keras

    words = keras.Input((1,), dtype="string")
    model = keras.Model(words, keras.layers.TextVectorization(**options)(words))
    with pytest.raises(UnsupportedLayer, match=because):
        to_tf_keras(model)


def test_the_committed_table_is_the_generated_one() -> None:
    assert table.TABLE.read_text(encoding="utf-8") == table.table(), (
        f"docs/keras_bridge_layers.md is out of date; write it with: {table.COMMAND}"
    )
