"""The self-test of a bundle: errors in steps or absolute, and the limit of the precision."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Array
from edgekit.on_device.board.self_test import Compared, Tolerance, compared
from edgekit.on_device.interpreter import Quantization, TensorFacts
from tests.support.tolerances import Case, cases

LOOSE: Tolerance = {"error": 0.35, "resolution": 0.0}
EXPECTED = np.random.default_rng(0).normal(0, 2, (8, 5)).astype(np.float32)


def tensor(scale: float = 0.0) -> TensorFacts:
    quantization: Quantization | None = {"scale": scale, "zero_point": 0} if scale else None
    return {
        "name": "scores",
        "index": 0,
        "shape": [1, 5],
        "dtype": "int8" if scale else "float32",
        "quantization": quantization,
    }


def of(answers: Array, *, scale: float = 0.0, limits: Tolerance = LOOSE) -> Compared:
    return compared("model", tensor(scale), EXPECTED, answers, limits)


def test_equal_answers_are_right() -> None:
    found = of(EXPECTED)
    assert (found.largest, found.typical, found.ok) == (0, 0, True)
    assert found.allowed == pytest.approx(0.35 * np.sqrt(EXPECTED.var(axis=0).mean()), rel=1e-6)


@pytest.mark.parametrize(("share", "ok"), [(0.34, True), (0.36, False)])
def test_the_limit_is_a_share_of_the_spread(share: float, ok: bool) -> None:
    spread = np.sqrt(EXPECTED.astype(np.float64).var(axis=0).mean())
    assert of(EXPECTED + np.float32(share * spread)).ok is ok


def test_one_step_of_a_quantized_output_is_always_allowed() -> None:
    strict: Tolerance = {"error": 0.0, "resolution": 0.0}
    answers = EXPECTED + np.float32(0.99 * 0.25)
    assert of(answers, scale=0.25, limits=strict).ok
    assert not of(answers, limits=strict).ok
    assert "largest error 0.99 steps" in str(of(answers, scale=0.25))


def test_rounding_is_seen_against_the_largest_value() -> None:
    fine: Tolerance = {"error": 0.0, "resolution": 1e-3}
    assert of(EXPECTED * np.float32(1.0005), limits=fine).ok
    assert not of(EXPECTED * np.float32(1.01), limits=fine).ok


@pytest.mark.parametrize(
    "answers",
    [np.zeros_like(EXPECTED), EXPECTED[::-1], np.full_like(EXPECTED, np.nan), EXPECTED[:, ::-1]],
    ids=["zeros", "other examples", "NaN", "other order"],
)
def test_wrong_answers_are_out_of_limits(answers: Array) -> None:
    found = of(answers)
    assert not found.ok
    assert str(found).endswith("OUT OF LIMITS")


def test_values_that_never_vary_are_held_to_their_size() -> None:
    constant = np.full((8, 2), 4, np.float32)
    assert compared("hop", tensor(), constant, constant * 1.3, LOOSE).ok
    wrong = compared("hop", tensor(), constant, constant * 1.4, LOOSE)
    assert not wrong.ok
    assert str(wrong).startswith("hop/scores: largest error 1.6, typical 1.6, at most 1.4")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_rule_is_that_of_the_other_languages(case: Case) -> None:
    limits: Tolerance = {"error": case.error, "resolution": case.resolution}
    found = compared("model", tensor(case.step), case.golden, case.answers, limits)
    assert found.allowed == pytest.approx(case.allowed, rel=1e-6)
    assert found.ok is case.ok
