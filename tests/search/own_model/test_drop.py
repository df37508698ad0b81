"""A drop without a recipe: points of accuracy, first choices, errors over a spread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.building.measuring.intervals import drop_interval
from edgekit.core.report import Evaluation, Score
from edgekit.core.types import Array
from edgekit.running.judgement import judge, kind_of
from edgekit.search.own_model.drop import drop_of, reference_of
from edgekit.search.own_model.facts import ModelFacts, calibrating
from edgekit.verbs.verify import Proof

CLASSES = np.eye(4, dtype=np.float32)[np.arange(100) % 4] * 0.8 + 0.05
NUMBERS = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)


def facts(**fields: Any) -> ModelFacts:
    known: dict[str, Any] = {"has_recurrent": False, "kinds": {}, "examples": 100, "spreads": {}}
    return ModelFacts(**{**known, **fields})


def proof(reference: dict[str, Array], answers: dict[str, Array]) -> Proof:
    return Proof(
        file="model.tflite",
        precision="int8",
        runtime="litert",
        device="local",
        against="source model",
        status="measured",
        outputs=judge(reference, answers, precision="int8").outputs,
    )


def scored(runtime: str = "", **values: tuple[Any, float]) -> tuple[Score, ...]:
    return tuple(
        Score(output=name, question=question, value=value, half_width=None)
        for name, (question, value) in values.items()
    )


def test_classes_lose_the_share_of_first_choices_that_differ() -> None:
    answers = CLASSES.copy()
    answers[:7] = answers[:7, ::-1]
    found = drop_of(proof({"y": CLASSES}, {"y": answers}), facts(kinds={"y": "classes"}))
    assert found is not None
    assert found.points == pytest.approx(7)
    assert found.value == pytest.approx(93)


def test_numbers_lose_their_error_over_the_spread_and_the_worst_output_counts() -> None:
    reference = {"y": CLASSES, "z": NUMBERS}
    answers = {"y": CLASSES, "z": NUMBERS + 0.1 * NUMBERS.std()}
    kinds = {name: kind_of(array) for name, array in reference.items()}
    found = drop_of(proof(reference, answers), facts(kinds=kinds))
    assert found is not None
    assert found.points == pytest.approx(10, rel=0.05)
    said = reference_of(facts(kinds=kinds), ()).notes[0]
    assert "first choice" in said
    assert "standard deviation" in said
    assert "of the output where it is most" in said


def test_a_broken_output_or_a_file_that_did_not_run_has_no_drop() -> None:
    asked = facts(kinds={"y": "classes"})
    assert drop_of(proof({"y": CLASSES}, {"y": np.zeros_like(CLASSES)}), asked) is None
    assert drop_of(proof({}, {}), asked) is None


def test_with_right_answers_a_drop_is_points_of_accuracy() -> None:
    source = scored(y=("accuracy", 0.95))
    asked = facts(scores=Evaluation(examples=200, data="", source=source))
    answered = Evaluation(examples=200, data="", file={"litert": scored(y=("accuracy", 0.93))})
    found = drop_of(_with(answered), asked)
    assert found is not None
    assert found.points == pytest.approx(2)
    assert found.value == pytest.approx(93)
    reference = reference_of(asked, ("more",))
    assert reference.value == pytest.approx(95)
    assert reference.metric.name == "accuracy"
    assert "200 examples with right answers: accuracy, in percentage points" in reference.notes[0]
    assert reference.notes[1:] == ("more",)


def test_the_drop_is_as_sure_as_the_right_answers_that_changed_make_it() -> None:
    source = scored(y=("accuracy", 0.95), z=("accuracy", 0.9))
    asked = facts(scores=Evaluation(examples=200, data="", source=source))
    y, z = scored(y=("accuracy", 0.93), z=("accuracy", 0.86))
    file = {"litert": (replace(y, changed=(5, 1)), replace(z, changed=(10, 2)))}
    found = drop_of(_with(Evaluation(examples=200, data="", file=file)), asked)
    assert found is not None
    assert found.interval == drop_interval(10, 2, 200)  # of the output where it is most
    unknown = drop_of(_with(Evaluation(examples=200, data="", file={"litert": (y, z)})), asked)
    assert unknown is not None
    assert unknown.interval is None


def test_an_error_rises_in_percent_of_the_spread_of_the_right_answers() -> None:
    source = scored(y=("mean absolute error", 0.2))
    asked = facts(scores=Evaluation(examples=200, data="", source=source), spreads={"y": 4.0})
    file = {"litert": scored(y=("mean absolute error", 0.3))}
    found = drop_of(_with(Evaluation(examples=200, data="", file=file)), asked)
    assert found is not None
    assert found.points == pytest.approx(2.5)
    assert not reference_of(asked, ()).metric.higher_is_better
    assert reference_of(asked, ()).value == pytest.approx(5)


def test_of_a_first_choice_and_the_first_five_the_first_counts() -> None:
    questions = ("accuracy", 0.9), ("in the first five", 0.99)
    source = tuple(scored(y=question)[0] for question in questions)
    asked = facts(scores=Evaluation(examples=200, data="", source=source))
    after = tuple(scored(y=question)[0] for question in (("accuracy", 0.8), questions[1]))
    found = drop_of(_with(Evaluation(examples=200, data="", file={"litert": after})), asked)
    assert found is not None
    assert found.points == pytest.approx(10)


def test_random_inputs_are_called_so() -> None:
    said = reference_of(facts(kinds={"y": "classes"}), ()).notes[0]
    assert "100 random inputs" in said
    given = facts(kinds={"y": "classes"}, calibration=Path("examples.npz"))
    assert "random" not in reference_of(given, ()).notes[0]


@pytest.mark.parametrize(
    ("count", "number"), [(10, 10), (63, 63), (64, 32), (256, 128), (600, 128), (1000, 200)]
)
def test_of_examples_with_right_answers_a_part_calibrates(count: int, number: int) -> None:
    chosen = calibrating(count)
    assert len(set(chosen)) == len(chosen) == number
    assert set(chosen) <= set(range(count))


def _with(evaluation: Evaluation) -> Proof:
    return Proof(
        file="model.tflite",
        precision="int8",
        runtime="litert",
        device="local",
        against="source model",
        status="measured",
        evaluation=evaluation,
    )
