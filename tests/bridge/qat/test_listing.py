"""Before any training, each layer is listed with what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.bridge.fine_tuning import import_tfmot
from edgekit.bridge.own.registering import REGISTERED, register_qat
from edgekit.bridge.qat.kinds import IN_FLOAT as NEVER
from edgekit.bridge.qat.kinds import OURS, TFMOT
from edgekit.bridge.qat.listing import QatLayer, qat_layers
from edgekit.core.errors import BadInput, UnsupportedLayer
from tests.support import qat_table
from tests.support.qat_kinds import IN_FLOAT, ROUNDED, image, keras, steps

layers = keras.layers


def it(model: Any) -> QatLayer:
    (found,) = [row for row in qat_layers(model) if row.name.split("/")[-1] == "it"]
    return found


@pytest.mark.parametrize("name", [name for name, (_, by) in ROUNDED.items() if by])
def test_what_is_rounded_is_listed_with_whose_configuration_does_it(name: str) -> None:
    make, by = ROUNDED[name]
    row = it(make())
    assert (row.by, row.stops) == (by, False)
    assert row.rounded or "hands on" in row.reason or "folded" in row.reason


@pytest.mark.parametrize("name", IN_FLOAT)
def test_what_trains_in_float_is_listed_with_the_reason(name: str) -> None:
    make, word, _ = IN_FLOAT[name]
    row = it(make())
    assert (row.by, row.rounded, row.stops) == ("", (), False)
    assert word in row.reason


def test_the_list_of_what_tfmot_takes_is_tfmots_own() -> None:
    quantization = import_tfmot().quantization.keras.default_8bit
    registry = quantization.Default8BitQuantizeScheme().get_quantize_registry()
    assert {kind.__name__ for kind in registry._layer_quantize_map} == set(TFMOT)
    assert not set(TFMOT) & set(OURS)
    assert not (set(TFMOT) | set(OURS)) & set(NEVER)


def test_layers_of_nested_models_have_a_path_and_folded_ones_say_so() -> None:
    rows = {row.name: row for row in qat_layers(ROUNDED["nested model"][0]())}
    assert rows["inner/it"].rounded == ("kernel",)  # what leaves is rounded after the ReLU
    (norm,) = [row for row in rows.values() if row.kind == "BatchNormalization"]
    assert "folded into it" in norm.reason


def test_operators_between_layers_are_listed_too() -> None:
    rows = qat_layers(ROUNDED["a sum by an operator"][0]())
    (row,) = [row for row in rows if row.kind == "Add"]
    assert (row.by, row.rounded) == ("tfmot", ("output",))


def test_a_shared_layer_is_not_rounded() -> None:
    shared = layers.Dense(8, name="it")
    assert "called 2 times" in it(steps(lambda x: shared(shared(x)))).reason


class Doubling(keras.Layer):  # type: ignore[misc]  # Keras has no types
    """A layer of a user's own."""

    def call(self, x: Any) -> Any:
        return 2 * x


def test_a_layer_that_cannot_be_carried_stops_training_and_the_others_are_listed() -> None:
    model = image(lambda x: layers.ReLU(name="after")(Doubling(name="it")(x)))
    rows = {row.name: row for row in qat_layers(model)}
    assert rows["it"].stops
    assert "edgekit.register_qat" in rows["it"].reason
    assert [rows[name].by for name in ("first", "after", "end")] == ["tfmot"] * 3


def test_a_registered_layer_is_rounded() -> None:
    assert register_qat(Doubling) is Doubling
    try:
        row = it(image(Doubling(name="it")))
    finally:
        REGISTERED.clear()
    assert (row.by, row.rounded) == ("edgekit", ("output",))


@pytest.mark.parametrize(
    ("kind", "options", "word"),
    [
        (layers.Dense(3), {}, "a Dense.*Give the class"),
        (Doubling, {"weights": "kernel"}, "weights='kernel'.*list"),
        (Doubling, {"activations": [1]}, r"activations=\[1\].*attribute names"),
    ],
)
def test_what_cannot_be_registered_is_refused(kind: Any, options: Any, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        register_qat(kind, **options)
    assert kind not in REGISTERED.values()


def test_a_subclassed_model_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]  # Keras has no types
        """A model without a graph."""

    with pytest.raises(UnsupportedLayer, match="without a graph"):
        qat_layers(Own(name="m"))


def test_the_table_in_the_guide_is_that_of_the_code() -> None:
    assert qat_table.PAGE.read_text() == qat_table.page(), "python -m tests.support.qat_table"
