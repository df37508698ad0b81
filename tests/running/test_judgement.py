"""What is right passes, and each way to be wrong is caught, by what an output is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.core.variant import PRECISIONS
from edgekit.running.judgement import Judgement, degenerate, judge, kind_of
from edgekit.running.limits import LIMITS

finite = st.floats(-1e6, 1e6, width=32)
outputs = arrays(np.float32, array_shapes(min_dims=2, max_dims=3), elements=finite)
random = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin anew with each test, whichever ran before."""
    monkeypatch.setitem(globals(), "random", np.random.default_rng(0))


def softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


CLASSES = softmax(random.normal(0, 3, (64, 10))).astype(np.float32)
MANY_CLASSES = softmax(random.normal(0, 3, (64, 1000))).astype(np.float32)
HEATMAPS = (1 / (1 + np.exp(-random.normal(-2, 3, (32, 8, 8, 3))))).astype(np.float32)
BOXES = (640 * random.random((64, 4))).astype(np.float32)
FEATURES = random.normal(0, 1, (64, 128)).astype(np.float32)
TOKENS = random.integers(0, 500, (40, 12)).astype(np.int32)
OUTPUTS = {
    "classes": CLASSES,
    "many classes": MANY_CLASSES,
    "heat maps": HEATMAPS,
    "boxes": BOXES,
    "features": FEATURES,
    "tokens": TOKENS,
}


def quantized(array: Array, levels: int = 256) -> tuple[Array, float]:
    """Return what 8 bits leave of an array, after layers with a little error, and the step."""
    if array.dtype.kind == "i":
        return array, 0.0
    if kind_of(array) == "classes":  # the layers before a softmax err in its logits
        noisy = softmax(np.log(array) + random.normal(0, 0.1, array.shape))
        return (np.round(noisy * levels) / levels).astype(np.float32), 1 / levels
    step = float(np.ptp(array)) / (levels - 1)
    noisy = array + random.normal(0, step, array.shape)
    return (np.round((noisy - array.min()) / step) * step + array.min()).astype(np.float32), step


def judged(reference: Array, answers: Array, precision: str = "int8", step: float = 0) -> Judgement:
    return judge({"y": reference}, {"y": answers}, precision=precision, steps={"y": step})


@given(outputs)
def test_equal_outputs_are_right_in_every_precision(array: Array) -> None:
    for precision in PRECISIONS:
        assert judged(array, array.copy(), precision).problem == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("classes", "classes"),
        ("many classes", "classes"),
        ("heat maps", "scores"),
        ("boxes", "numbers"),
        ("features", "numbers"),
        ("tokens", "tokens"),
    ],
)
def test_the_kind_is_told_from_the_values(name: str, kind: str) -> None:
    assert kind_of(OUTPUTS[name]) == kind


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_eight_bits_leave_is_right_in_int8(name: str) -> None:
    answers, step = quantized(OUTPUTS[name])
    found = judged(OUTPUTS[name], answers, step=step)
    assert found.problem == "", str(found)


def scale_a_channel(array: Array) -> Array:
    changed = array.copy()
    changed[..., 1] = changed[..., 1] * 3
    return changed


def shuffle_examples(array: Array) -> Array:
    order = np.arange(len(array))
    order[: len(order) * 2 // 3] = np.roll(order[: len(order) * 2 // 3], 1)
    return array[order]


def cut_at_the_median(array: Array) -> Array:
    return np.asarray(np.minimum(array, np.median(array)), array.dtype)


def drop_a_bias(array: Array) -> Array:
    changed = array.copy()
    changed[..., 0] = changed[..., 0] + 2 * array[..., 0].std()
    return changed


def swap_channels(array: Array) -> Array:
    return np.roll(array, 1, axis=-1)


def zero(array: Array) -> Array:
    return np.zeros_like(array)


WRONG: tuple[Callable[[Array], Array], ...] = (
    shuffle_examples, cut_at_the_median, swap_channels, zero,
)  # fmt: skip


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("change", WRONG, ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", OUTPUTS)
def test_a_wrong_answer_is_caught(
    name: str, change: Callable[[Array], Array], precision: str
) -> None:
    assert judged(OUTPUTS[name], change(OUTPUTS[name]), precision).problem


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("change", [scale_a_channel, drop_a_bias])
@pytest.mark.parametrize("name", ["boxes", "features", "heat maps"])
def test_one_wrong_channel_is_caught(
    name: str, change: Callable[[Array], Array], precision: str
) -> None:
    assert judged(OUTPUTS[name], change(OUTPUTS[name]), precision).problem


def test_boxes_do_not_hide_scores() -> None:
    """An int8 tensor of both has a step of 1.5, and every score becomes zero."""
    together = np.concatenate([BOXES, random.random((64, 2)).astype(np.float32)], axis=1)
    answers, step = quantized(together, levels=400)
    assert step > 1.5
    found = judged(together, answers, step=step)
    assert "in channel 4" in found.problem or "in channel 5" in found.problem
    apart = judge(
        {"boxes": BOXES, "scores": CLASSES},
        {"boxes": BOXES, "scores": np.roll(CLASSES, 1, axis=1)},
        precision="int8",
    )
    assert "'scores'" in apart.problem
    assert "'boxes'" not in apart.problem


def test_answers_that_hardly_differ_must_still_be_told_apart() -> None:
    """An untrained network of 1,000 classes: errors far below any share of the range."""
    reference = softmax(random.normal(0, 0.01, (64, 1000))).astype(np.float32)
    answers = softmax(np.log(reference) + random.normal(0, 0.02, reference.shape))
    assert np.abs(answers - reference).max() < 1e-3
    assert "first choice" in judged(reference, answers.astype(np.float32)).problem


@pytest.mark.parametrize("differing", [1e-6, 1e-3, 0.1])
def test_a_classifier_that_is_sure_of_the_same_class_whatever_it_sees_passes(
    differing: float,
) -> None:
    """A trained network on random input: what tells the examples apart is below float32."""
    logits = random.normal(0, differing, (64, 10)) + 25 * np.eye(10)[0]
    reference = softmax(logits).astype(np.float32)
    answers = softmax(logits + random.normal(0, 1e-6, logits.shape)).astype(np.float32)
    for precision in PRECISIONS:
        assert judge({"scores": reference}, {"scores": answers}, precision=precision).problem == ""


def test_what_the_step_of_the_output_rounds_away_is_named_and_not_refused() -> None:
    """A classifier that nearly always says the same has little to lose, and 256 steps lose it."""
    likely = np.random.default_rng(1).normal(0, 0.5, (64, 10))
    likely[:, 0] += 6
    reference = softmax(likely)
    exact = np.round(reference * 256) / 256
    judgement = judged(reference, exact, step=1 / 256)
    assert not judgement.problem
    assert "its steps hide" in str(judgement)
    shuffled = judged(reference, exact[::-1], step=1 / 256)
    assert "information lost" in shuffled.problem
    assert "information lost" in judged(reference, exact).problem  # a float output rounds nothing


def test_a_feature_too_small_for_the_step_is_named_and_not_refused() -> None:
    features = FEATURES.copy()
    features[:, 7] *= 1e-4
    answers, step = quantized(features)
    found = judged(features, answers, step=step)
    assert found.problem == ""
    assert "1 of 128 channels vary less than the file can show" in str(found)


def test_an_hour_in_which_little_changes_is_named_and_not_refused() -> None:
    hours = random.normal(0, 1, (64, 24)).astype(np.float32)
    hours[:, 8] *= 0.05
    answers, step = quantized(hours)
    found = judged(hours, answers, step=step)
    assert found.problem == ""
    assert "1 of 24 channels vary less than the file can show" in str(found)


@pytest.mark.parametrize(
    ("count", "precision", "most"),
    [
        (64, "int16x8", 5),  # 92 % of 64
        (48, "int16x8", 3),
        (48, "int8", 4),
        (48, "float16", 2),  # one and a half would be allowed
        (32, "float16", 1),
        (32, "float32", 1),
    ],
)
def test_one_example_more_may_be_wrong_only_where_hardly_any_may(
    count: int, precision: str, most: int
) -> None:
    ids = np.arange(count)
    for misses in (most, most + 1):
        said = np.where(ids < misses, ids + 1, ids)
        reference, answers = (0.9 * np.eye(count + 1)[k] + 0.1 / (count + 1) for k in (ids, said))
        (output,) = judged(reference, answers, precision=precision).outputs
        (first,) = (m for m in output.measures if m.name == "first choice")
        assert first.ok == (misses <= most)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (np.zeros((4, 3)), "all zeros"),
        (np.full((4, 3), np.nan), "NaN or infinite"),
        (np.full((4, 3), np.inf), "NaN or infinite"),
        (np.tile([0.1, 0.2, 0.7], (4, 1)), "the same whatever the input"),
    ],
)
def test_a_broken_output_is_named_and_fails_whatever_the_limits(wrong: Array, word: str) -> None:
    reference = np.random.default_rng(0).random((4, 3))
    for precision in PRECISIONS:
        found = judged(reference, wrong, precision)
        assert word in found.problem
        assert word in found.broken


def test_a_constant_is_right_where_the_reference_is_constant() -> None:
    assert degenerate(np.ones((4, 2)), np.ones((4, 2))) == ""
    assert degenerate(np.zeros((4, 2)), np.zeros((4, 2))) == ""


def test_a_single_example_cannot_be_called_constant() -> None:
    assert degenerate(np.ones((1, 2)), np.ones((1, 2))) == ""


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_problem_says_the_figure_and_its_limit(precision: str) -> None:
    limit = LIMITS[precision].error
    answers = BOXES + 2 * limit * BOXES.std(0)
    problem = judged(BOXES, answers, precision).problem
    assert f"error over spread {2 * limit:.2g} (at most {limit:.2g})" in problem
    assert LIMITS[precision].reason


def test_rounding_of_large_numbers_is_not_an_error() -> None:
    """A hundred thousand, give or take a thousandth, has a spread that float32 cannot hold."""
    reference = (1e5 + random.normal(0, 1e-3, (64, 3))).astype(np.float32)
    answers = (reference * (1 + 1e-7)).astype(np.float32)
    assert judged(reference, answers, "float32").problem == ""


def test_other_names_or_shapes_are_refused() -> None:
    with pytest.raises(BadData, match="Output 'y' is nothing"):
        judge({"y": np.zeros((1, 2))}, {"z": np.zeros((1, 2))}, precision="int8")
    with pytest.raises(BadData, match=r"\(1, 3\), the reference has \(1, 2\)"):
        judged(np.zeros((1, 2)), np.zeros((1, 3)))


@given(
    arrays(np.float32, array_shapes(min_dims=1, max_dims=4, max_side=5), elements=finite),
    st.floats(0, 1e6),
    st.sampled_from(PRECISIONS),
)
def test_any_numbers_get_a_judgement(array: Array, noise: float, precision: str) -> None:
    answers = array + np.float32(noise) * np.sign(array)
    found = judged(array, answers.astype(np.float32), precision, step=1.0)
    assert isinstance(found.problem, str)
    assert isinstance(str(found), str)
