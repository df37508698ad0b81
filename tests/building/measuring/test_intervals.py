"""How sure shares of right answers are, against what is published and against chance itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.building.measuring.intervals import (
    drop_interval,
    right_answers,
    share_interval,
)
from edgekit.core import registry
from edgekit.core.recipe import Metric
from edgekit.core.types import Batch
from edgekit.intake.scores import changes
from tests.support.paths import RECIPES

SHARE = Metric(name="accuracy", unit="%", is_share=True)
answers = st.text("01", min_size=1, max_size=60)


def test_a_share_has_the_interval_that_newcombe_prints() -> None:
    """Of 81 in 263, 15 in 148, 0 in 20 and 1 in 29: his Table I (Stat. Med. 17, 1998), method 3."""
    for right, count, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = share_interval(SHARE, 100 * right / count, count)
        assert found is not None
        assert found.low / 100 == pytest.approx(low, abs=1e-4)
        assert found.high / 100 == pytest.approx(high, abs=1e-4)


@given(answers)
def test_a_share_lies_within_its_interval(right: str) -> None:
    share = 100 * right.count("1") / len(right)
    found = share_interval(SHARE, share, len(right))
    assert found is not None
    assert 0 <= found.low <= share + 1e-9
    assert share - 1e-9 <= found.high <= 100


def test_of_nothing_counted_there_is_no_interval() -> None:
    assert share_interval(SHARE, 0.0, 0) is None
    assert share_interval(Metric(name="mean IoU", unit="%"), 60.0, 40) is None
    assert changes("", "") is None
    assert changes("1", "10") is None


@given(answers, answers)
def test_only_examples_that_change_count(reference: str, file: str) -> None:
    found = changes(reference, file)
    if len(file) > len(reference):
        assert found is None
        return
    assert found is not None
    lost, gained = found
    share = [text.count("1") for text in (reference[: len(file)], file)]
    assert lost - gained == share[0] - share[1]
    interval = drop_interval(lost, gained, len(file))
    assert interval.low < 100 * (lost - gained) / (len(file) + 2) < interval.high
    turned = drop_interval(gained, lost, len(file))
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low))


def test_a_drop_is_surer_where_the_same_examples_are_right() -> None:
    same, other = drop_interval(1, 1, 40), drop_interval(10, 10, 40)
    assert same.high < other.high
    assert 5 < drop_interval(0, 0, 40).high + 2 < 8  # not certain either


def test_nineteen_times_in_twenty_the_true_drop_is_within() -> None:
    random, within = np.random.default_rng(0), 0
    for _ in range(1000):
        lost, gained = random.multinomial(200, (0.06, 0.03, 0.91))[:2]
        found = drop_interval(int(lost), int(gained), 200)
        within += found.low <= 3.0 <= found.high
    assert 930 <= within <= 975


def test_each_example_is_judged_by_the_recipes_own_score() -> None:
    recipe = registry.get("recipes", str(RECIPES / "blobs.py"))
    test = recipe.data("test", "tiny")
    right, wrong = recipe.answer_key(test)
    assert right_answers(recipe, right, test) == "1" * len(test)
    assert right_answers(recipe, wrong, test) == "0" * len(test)
    first = {name: array.copy() for name, array in right(test.inputs).items()}
    for name, array in wrong(test.inputs).items():
        first[name][3:] = array[3:]
    asked = []

    def run(batch: Batch) -> Batch:
        asked.append(len(next(iter(batch.values()))))
        return first

    assert right_answers(recipe, run, test) == "111" + "0" * (len(test) - 3)
    assert asked == [len(test)]  # all at once


def test_what_is_no_share_of_right_answers_has_none() -> None:
    recipe = registry.get("recipes", str(RECIPES / "blobs.py"))
    test = recipe.data("test", "tiny")
    right, _ = recipe.answer_key(test)
    plain = replace(recipe, metric=Metric(name="accuracy", unit="%"))
    assert right_answers(plain, right, test) == ""
    other = replace(recipe, score=lambda run, dataset: float(len(dataset)))
    assert right_answers(other, right, test) == ""
