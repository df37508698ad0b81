"""A child process gives back results and sentences, and its death is a diagnosis."""

from __future__ import annotations

import pytest

from edgekit import child
from edgekit.errors import BadData


def raise_bad_data(text: str) -> None:
    raise BadData(text)


def divide(a: int, b: int) -> float:
    print("a library's chatter on stdout")
    return a / b


def count(to: int) -> int:
    for number in range(to):
        child.report_progress(number / to, f"at {number}")
    return to


def sleep(seconds: float) -> None:
    import time

    time.sleep(seconds)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def test_a_result_comes_back_whatever_was_printed() -> None:
    assert child.call("test_child:divide", a=1, b=4) == 0.25


def test_an_edgekit_error_crosses_with_class_and_sentence() -> None:
    with pytest.raises(BadData, match=r"^the sentence$"):
        child.call("test_child:raise_bad_data", text="the sentence")


def test_any_other_exception_is_a_death_with_its_name_and_log() -> None:
    with pytest.raises(child.ChildDied, match="division by zero") as caught:
        child.call("test_child:divide", a=1, b=0)
    assert caught.value.cause == "ZeroDivisionError"
    assert "chatter" in caught.value.log_tail


def test_a_crash_is_named_by_its_signal() -> None:
    with pytest.raises(child.ChildDied) as caught:
        child.call("os:abort")
    assert caught.value.cause == "SIGABRT"


def test_a_child_that_hangs_is_ended() -> None:
    with pytest.raises(child.ChildDied) as caught:
        child.call("test_child:sleep", seconds=60, timeout_s=0.5)
    assert caught.value.cause == "timeout"


def test_progress_crosses() -> None:
    heard: list[str] = []
    child.call("test_child:count", to=3, progress=lambda _, doing: heard.append(doing))
    assert heard == ["at 0", "at 1", "at 2"]


def test_a_large_argument_and_result_cross() -> None:
    text = "x" * 3_000_000
    assert child.call("test_child:echo", text=text) == text


def echo(text: str) -> str:
    return text
