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
    first, *_, last = built.changed(record)
    assert not built.why_left_out(first, record)
    built.take_down(record)
    assert "as it was" in built.why_left_out(first, record)
    assert last in built.changed(record)
    module.write_text("WIDTH = 2\n")
    assert not built.why_left_out(first, record)


def test_what_one_run_has_no_time_for_is_built_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "built.json"
    monkeypatch.setattr(built, "own_code", lambda name: [])
    everything = built.changed(record)
    seen: list[str] = []
    while waiting := built.changed(record):
        now = [name for name in everything if not built.why_left_out(name, record)]
        assert now == waiting[: built.MOST]
        for name in waiting[built.MOST :]:
            assert "waits" in built.why_left_out(name, record)
        built.take_down(record)
        seen += now
    assert seen == everything


@pytest.mark.parametrize("name", built.ALWAYS)
def test_some_are_built_always(name: str) -> None:
    assert name in registry.names("recipes")
    assert not built.why_left_out(name)


def test_own_code_reaches_from_training_to_the_device() -> None:
    names = {path.stem for path in built.own_code("video_cnn_lstm")}
    assert {"video_cnn_lstm", "read_clip", "clips", "ctc"} <= names
    assert not {"session", "pipeline", "answering", "letterbox"} & names


def test_slow_tests_of_searches_are_left_out_as_long_as_their_code_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, module = tmp_path / "built.json", tmp_path / "search" / "space.py"
    module.parent.mkdir()
    module.write_text("MOST = 1\n")
    monkeypatch.setattr(built, "ROOT", tmp_path)
    monkeypatch.setattr(built, "SEARCHING", ("search",))
    assert not built.why_searches_are_left_out(record)
    built.take_down(record)
    assert "as it was" in built.why_searches_are_left_out(record)
    module.write_text("MOST = 2\n")
    assert not built.why_searches_are_left_out(record)


def test_the_code_of_searches_is_there() -> None:
    assert all((built.ROOT / place).exists() for place in built.SEARCHING)
    assert {"tests/search", "tests/tasks"} <= set(built.SEARCHING)
