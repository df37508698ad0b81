"""A child process gives back results and sentences, and its death is a diagnosis."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from edgekit.core.child_process import Child, ChildDied, report_progress
from edgekit.core.errors import BadData, Unavailable


def raise_bad_data(text: str) -> None:
    raise BadData(text)


def divide(a: int, b: int) -> float:
    print("a library's chatter on stdout")
    return a / b


def count(to: int) -> int:
    for number in range(to):
        report_progress(number / to, f"at {number}")
    return to


def load(name: str) -> None:
    import_module(name)


def abort() -> None:
    os.abort()


def sleep(seconds: float) -> None:
    import time

    time.sleep(seconds)


def test_a_result_comes_back_whatever_was_printed() -> None:
    assert Child().call(divide, a=1, b=4) == 0.25


def test_an_edgekit_error_crosses_with_class_and_sentence() -> None:
    with pytest.raises(BadData, match=r"^the sentence$"):
        Child().call(raise_bad_data, text="the sentence")


def test_an_edgekit_error_brings_the_traceback_of_the_child() -> None:
    with pytest.raises(BadData) as caught:
        Child().call(raise_bad_data, text="the sentence")
    assert "in raise_bad_data" in str(caught.value.__cause__)


def test_any_other_exception_is_a_death_with_its_name_and_log() -> None:
    with pytest.raises(ChildDied, match="division by zero") as caught:
        Child().call(divide, a=1, b=0)
    assert caught.value.cause == "ZeroDivisionError"
    assert "chatter" in caught.value.log_tail


def test_a_package_that_is_missing_is_a_sentence_with_what_to_install() -> None:
    with pytest.raises(Unavailable, match=r"^The Python package 'nowhere' .*pip install nowhere"):
        Child().call(load, name="nowhere.deep")
    with pytest.raises(ChildDied, match=r"No module named 'edgekit\.nowhere'"):
        Child().call(load, name="edgekit.nowhere")


def test_a_crash_is_named_by_its_signal() -> None:
    with pytest.raises(ChildDied) as caught:
        Child().call(abort)
    assert caught.value.cause == "SIGABRT"


def test_a_child_that_hangs_is_ended() -> None:
    with pytest.raises(ChildDied) as caught:
        Child(timeout_s=0.5).call(sleep, seconds=60)
    assert caught.value.cause == "timeout"


def test_progress_crosses() -> None:
    heard: list[str] = []
    Child(progress=lambda _, doing: heard.append(doing)).call(count, to=3)
    assert heard == ["at 0", "at 1", "at 2"]


def test_a_large_argument_and_result_cross() -> None:
    text = "x" * 3_000_000
    assert Child().call(echo, text=text) == text


def echo(text: str) -> str:
    return text
