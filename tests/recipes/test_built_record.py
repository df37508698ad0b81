"""Continuous integration leaves out recipes that did not change, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core import registry
from tests.support import built


def test_a_recipe_is_left_out_as_long_as_its_own_code_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, module = tmp_path / "built.json", tmp_path / "own.py"
    module.write_text("WIDTH = 1\n")
    monkeypatch.setattr(built, "own_code", lambda name: [module])
    assert not built.is_unchanged("words_cbow", record)
    built.take_down(record)
    assert built.is_unchanged("words_cbow", record)
    module.write_text("WIDTH = 2\n")
    assert not built.is_unchanged("words_cbow", record)


@pytest.mark.parametrize("name", built.ALWAYS)
def test_some_are_built_always(name: str) -> None:
    assert name in registry.names("recipes")
    assert not built.is_unchanged(name)


def test_own_code_reaches_from_training_to_the_device() -> None:
    names = {path.stem for path in built.own_code("video_cnn_lstm")}
    assert {"video_cnn_lstm", "read_clip", "clips", "ctc"} <= names
    assert not {"session", "pipeline", "answering", "letterbox"} & names
