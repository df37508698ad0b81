"""Every public class of `keras.layers` is carried with parity, or refused with its reason."""

from __future__ import annotations

import pytest

from edgekit.bridge.carry import TOLERANCE
from tests.support import bridge_table as table

pytest.importorskip("tf_keras")


@pytest.mark.parametrize("name", table.names())
def test_a_layer_is_carried_or_refused_by_name(name: str) -> None:
    outcome = table.outcome(name)
    if outcome.refused:
        assert f"({name})" in outcome.refused
        assert table.reason(outcome.refused)
    assert outcome.error <= TOLERANCE


def test_the_committed_table_is_the_generated_one() -> None:
    assert table.TABLE.read_text(encoding="utf-8") == table.table(), (
        f"docs/keras_bridge_layers.md is out of date; write it with: {table.COMMAND}"
    )
