"""Right answers are read in the forms people keep them, or refused in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadData, NotFound
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.report import Evaluation, Question, Score
from edgekit.core.types import Array, Batch
from edgekit.intake.evaluation import KnownAnswers, read_known_answers, written
from edgekit.intake.scores import beside, questions_for, scores_of, share_half_width, shortfalls

IMAGE = Tensor(name="image", shape=(1, 4, 4, 1))
CLASSES = Tensor(name="digit", shape=(1, 12))
ANGLE = Tensor(name="angle", shape=(1, 1))
MASK = Tensor(name="mask", shape=(1, 4, 4, 3))
WORDS = Tensor(name="words", shape=(1, 5), dtype="int32")
INPUTS = np.random.default_rng(0).random((6, 4, 4, 1), np.float32)
NUMBERS = np.array([0, 3, 11, 5, 5, 1])


def model(*outputs: Tensor, inputs: tuple[Tensor, ...] = (IMAGE,)) -> Signature:
    return Signature(inputs=inputs, outputs=outputs)


def read(tmp_path: Path, signature: Signature, **arrays: Array) -> KnownAnswers:
    path = tmp_path / "data.npz"
    np.savez(path, **{"image": INPUTS} | arrays)  # type: ignore[arg-type]
    return read_known_answers(path, signature)


@pytest.mark.parametrize(
    "labels",
    [NUMBERS, NUMBERS.astype(np.float32), NUMBERS.astype(np.uint8)[:, None], np.eye(12)[NUMBERS]],
    ids=["integers", "whole floats", "a column", "one-hot"],
)
def test_classes_come_as_numbers_or_one_hot(tmp_path: Path, labels: Array) -> None:
    known = read(tmp_path, model(CLASSES), labels=labels)
    assert np.array_equal(known.labels["digit"], NUMBERS)
    assert len(known) == 6
    right = np.eye(12)[NUMBERS] * 0.9
    right[0] = np.linspace(0.5, 0, 12)[[11, *range(11)]]  # class 0 last of all
    answers = {"digit": right}
    scores = scores_of(known.labels, answers, questions_for(known.labels, answers))
    assert [(score.question, score.value) for score in scores] == [
        ("accuracy", 5 / 6),
        ("in the first five", 5 / 6),
    ]


def test_few_classes_have_no_first_five(tmp_path: Path) -> None:
    known = read(tmp_path, model(Tensor(name="kind", shape=(1, 9))), labels=NUMBERS % 9)
    answers = {"kind": np.random.default_rng(0).random((6, 9))}
    assert questions_for(known.labels, answers) == [("kind", "accuracy")]


def test_each_position_of_a_mask_has_a_class(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 3, (6, 4, 4))
    known = read(tmp_path, model(MASK), labels=labels)
    wrong = np.eye(3)[labels]
    wrong[:, 0] = np.roll(wrong[:, 0], 1, axis=-1)  # one row of four
    (score,) = scores_of(known.labels, {"mask": wrong}, [("mask", "accuracy")])
    assert score.value == pytest.approx(0.75)


def test_numbers_are_scored_by_their_mean_absolute_error(tmp_path: Path) -> None:
    known = read(tmp_path, model(ANGLE), labels=np.linspace(0, 90, 6))
    answers = {"angle": np.linspace(0, 90, 6)[:, None] + [[1], [-1], [3], [-3], [1], [-3]]}
    (score,) = scores_of(known.labels, answers, questions_for(known.labels, answers))
    assert (score.question, score.value) == ("mean absolute error", 2.0)
    assert score.half_width == pytest.approx(1.96 * 1.0954 / 6**0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("answers", "question"),
    [([0.9, 0.2, 0.6, 0.1, 0.4, 0.7], "accuracy at 0.5"), ([3, -2, 1, -1, -2, 9], "accuracy at 0")],
)
def test_yes_and_no_are_told_by_a_probability_or_a_logit(
    tmp_path: Path, answers: list[float], question: str
) -> None:
    known = read(tmp_path, model(ANGLE), labels=np.array([1, 0, 1, 0, 1, 1]))
    said = {"angle": np.array(answers)[:, None]}
    (score,) = scores_of(known.labels, said, questions_for(known.labels, said))
    assert (score.question, score.value) == (question, 5 / 6)


def test_tokens_are_right_or_wrong(tmp_path: Path) -> None:
    labels = np.arange(30).reshape(6, 5)
    known = read(tmp_path, model(WORDS), labels=labels)
    answers = {"words": labels.astype(np.int32) * (np.arange(5) > 0)}
    (score,) = scores_of(known.labels, answers, questions_for(known.labels, answers))
    assert score.question == "accuracy"
    assert score.value == pytest.approx(25 / 30)  # the first was right once, where it is 0


def test_several_outputs_are_named_and_some_may_be_left_out(tmp_path: Path) -> None:
    known = read(tmp_path, model(CLASSES, ANGLE), **{"labels:angle": np.ones(6) / 3})
    assert set(known.labels) == {"angle"}
    known = read(tmp_path, model(CLASSES), **{"labels:digit": NUMBERS})
    assert set(known.labels) == {"digit"}


def test_an_input_may_be_called_labels_and_a_lone_one_anything(tmp_path: Path) -> None:
    named = model(ANGLE, inputs=(Tensor(name="labels", shape=(1, 2)), IMAGE))
    both: dict[str, Array] = {"labels": np.ones((6, 2), np.float32), "labels:angle": np.ones(6) / 3}
    assert set(read(tmp_path, named, **both).inputs) == {"labels", "image"}
    np.savez(tmp_path / "x.npz", x_test=INPUTS, labels=NUMBERS)
    assert set(read_known_answers(tmp_path / "x.npz", model(CLASSES)).inputs) == {"image"}


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, r"holds no right answers; write one with np.savez\('evaluation.npz', image=array"),
        ({"labels": NUMBERS[:5]}, "6 examples and 5 right answers"),
        ({"labels": np.float32(3)}, "6 examples and 1 right answers"),
        ({"labels": NUMBERS + 1}, "the class 12; the output has 12 classes, 0 to 11.*subtract 1"),
        ({"labels": NUMBERS - 1}, "the class -1; the output has 12 classes"),
        ({"labels": NUMBERS * 1000}, "the class 3000"),
        ({"labels": NUMBERS / 2}, "hold 1.5; numbers of classes are whole"),
        ({"labels": np.where(NUMBERS == 11, np.nan, NUMBERS)}, "NaN or infinity, first in exampl"),
        ({"labels": NUMBERS.astype(str)}, "are <U.*give numbers"),
        ({"labels": np.ones((6, 7))}, r"shape \(6, 7\); give whole numbers of shape \(n\)"),
        ({"labels:digits": NUMBERS}, "'digits', which is no output of the model; allowed are 'lab"),
        ({"labels": NUMBERS, "labels:digit": NUMBERS}, "both 'labels' and 'labels:digit'"),
        ({"labels": NUMBERS, "depth": INPUTS}, "'image', 'depth'; the model's inputs are 'image'"),
        ({"labels": NUMBERS, "image": INPUTS[:, :3]}, r"has shape \(6, 3, 4, 1\)"),
        ({"labels": NUMBERS, "image": INPUTS * np.inf}, "NaN or infinite"),
        ({"labels": NUMBERS, "image": np.array(["a"] * 6)}, "holds texts as 'image'; the file tak"),
        ({"labels": NUMBERS[:0], "image": INPUTS[:0]}, "holds no example"),
    ],
)
def test_what_cannot_be_right_is_refused_in_a_sentence(
    tmp_path: Path, arrays: dict[str, Array], words: str
) -> None:
    with pytest.raises(BadData, match=words) as refused:
        read(tmp_path, model(CLASSES), **arrays)
    assert "\n" not in str(refused.value)


def test_labels_of_several_outputs_need_their_names(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="2 outputs; call the right answers 'labels:digit', 'label"):
        read(tmp_path, model(CLASSES, ANGLE), labels=NUMBERS)


def test_token_answers_are_whole_numbers(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="not whole numbers, which the output is"):
        read(tmp_path, model(WORDS), labels=np.full((6, 5), 0.5))


def test_files_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    with pytest.raises(NotFound, match="no evaluation file"):
        read_known_answers(path, model(CLASSES))
    np.savez(path, image=INPUTS, labels=np.array([{}] * 6))
    with pytest.raises(BadData, match="pickled Python objects, which are never loaded"):
        read_known_answers(path, model(CLASSES))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadData, match=r"not a complete \.npz"):
        read_known_answers(path, model(CLASSES))


def test_arrays_in_memory_are_taken_too(tmp_path: Path) -> None:
    path = written({"image": INPUTS, "labels": NUMBERS}, tmp_path)
    assert len(read_known_answers(path, model(CLASSES))) == 6
    with pytest.raises(BadData, match="'labels' holds no numbers"):
        written({"labels": np.array(["a"])}, tmp_path)
    with pytest.raises(BadData, match="are a list; give the path"):
        written([INPUTS], tmp_path)  # type: ignore[arg-type]
    with pytest.raises(BadData, match=r"^Evaluation data holds 6 examples and 5"):
        read_known_answers(
            written({"image": INPUTS, "labels": NUMBERS[:5]}, tmp_path), model(CLASSES)
        )


def test_the_checksum_is_of_the_data_and_not_of_the_file(tmp_path: Path) -> None:
    first = read(tmp_path, model(CLASSES), labels=NUMBERS).sha256
    np.savez_compressed(tmp_path / "again.npz", labels=np.eye(12)[NUMBERS], image=INPUTS)
    assert read_known_answers(tmp_path / "again.npz", model(CLASSES)).sha256 == first
    assert read(tmp_path, model(CLASSES), labels=NUMBERS[::-1]).sha256 != first
    assert read(tmp_path, model(CLASSES), labels=NUMBERS, image=INPUTS / 2).sha256 != first


def test_a_share_of_few_examples_is_known_coarsely() -> None:
    assert share_half_width(0.95, 400) == pytest.approx(0.0217, abs=2e-4)
    assert share_half_width(1.0, 10) > 0.1  # ten of ten is not certainty


answered = st.integers(2, 30).flatmap(
    lambda count: st.tuples(
        st.lists(st.integers(0, 11), min_size=count, max_size=count), st.integers(0, 2**32 - 1)
    )
)


@settings(max_examples=50, deadline=None)
@given(answered)
def test_scores_are_shares_whatever_the_order_of_examples(drawn: tuple[list[int], int]) -> None:
    numbers, seed = drawn
    random = np.random.default_rng(seed)
    labels: Batch = {"digit": np.array(numbers)}
    answers: Batch = {"digit": random.random((len(numbers), 12))}
    questions = questions_for(labels, answers)
    scores = scores_of(labels, answers, questions)
    first, five = (score.value for score in scores)
    assert 0 <= first <= five <= 1
    assert all(0 < (score.half_width or 0) <= 0.5 for score in scores)
    order = random.permutation(len(numbers))
    mixed = scores_of(
        {"digit": labels["digit"][order]}, {"digit": answers["digit"][order]}, questions
    )
    assert [s.value for s in mixed] == pytest.approx([s.value for s in scores])
    right = scores_of(labels, {"digit": np.eye(12)[labels["digit"]]}, questions)
    assert [score.value for score in right] == [1.0, 1.0]


def test_a_share_may_be_a_point_or_an_example_below_the_source() -> None:
    def said(file: float, examples: int, question: Question = "accuracy") -> list[str]:
        def score(value: float) -> tuple[Score, ...]:
            return (Score(output="digit", question=question, value=value, half_width=None),)

        evaluation = Evaluation(
            examples=examples, data="", source=score(0.95), file={"litert": score(file)}
        )
        return list(shortfalls(evaluation, 1.0))

    assert said(0.94, 1000) == said(0.97, 1000) == said(0.90, 20) == []
    assert said(0.5, 1000, "mean absolute error") == []
    assert said(0.93, 1000) == [
        "Output 'digit' on litert: accuracy 93.0 %, 95.0 % of the source (at most 1.0 points less)."
    ]


def test_of_a_file_and_its_source_it_is_counted_which_right_answers_changed() -> None:
    labels: Batch = {"digit": np.array([0, 1, 2, 3]), "mask": np.array([[0, 1], [1, 1]] * 2)}
    source: Batch = {"digit": np.eye(12)[[0, 1, 2, 9]], "mask": np.eye(2)[[[0, 1], [1, 0]] * 2]}
    questions: list[tuple[str, Question]] = [("digit", "accuracy"), ("mask", "accuracy")]
    scores = scores_of(labels, source, questions)
    assert [score.right for score in scores] == ["1110", ""]  # of a mask, half is right in two
    evaluation = Evaluation(examples=4, data="", source=scores)
    answers = {**source, "digit": np.eye(12)[[9, 9, 2, 3]]}
    found = beside(evaluation, "litert", scores_of(labels, answers, questions))
    digit, mask = found.file["litert"]
    assert (digit.changed, mask.changed) == ((2, 1), None)
    assert not any(score.right for score in (*found.source, digit, mask))
    unknown = beside(replace(evaluation, source=()), "litert", scores)
    assert unknown.file["litert"][0].changed is None
