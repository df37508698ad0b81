"""Smallest model of two parts: one reads numbers, one is called once a step with a state.

Made data, for tests only; source: none (2026), see http://127.0.0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Batch, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import fixed

if TYPE_CHECKING:
    import keras

STEPS = 4


def data(split: Split, size: Size) -> Dataset:
    """Return pairs of numbers; the target is their sum, then halved at every step."""
    seed = ["train", "validation", "test", "calibration"].index(split)
    pairs = np.random.default_rng(seed).random((64, 2), np.float32)
    return Dataset(inputs={"pair": pairs}, targets=pairs.sum(axis=1))


def build(size: Size) -> keras.Model:
    """Return the sum of a pair; the step halves without a weight to learn."""
    import keras

    pair = keras.Input((2,), name="pair")
    return keras.Model(pair, keras.layers.Dense(1, use_bias=False, name="start")(pair))


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Set the weights that training would find."""
    model.layers[-1].set_weights([np.ones((2, 1), np.float32)])
    progress(1.0, "trained")
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained sum, and a step that halves the state."""
    import keras

    state = keras.Input((1,), name="state")
    halve = keras.layers.Dense(1, use_bias=False, name="next")
    step = keras.Model(state, halve(state))
    halve.set_weights([np.full((1, 1), 0.5, np.float32)])
    return {"start": model, "step": step}


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the whole: sum, halve, halve, ..., and how many of the answers exceed 0.1."""

    def run(batch: Batch) -> Batch:
        answers = [runs["start"](batch)["start"]]
        for _ in range(STEPS - 1):
            answers.append(runs["step"]({"state": answers[-1]})["next"])
        values = np.concatenate(answers, axis=1)
        return {"values": values, "large": 1 + (values > 0.1).astype(np.int32)}

    return run


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean absolute error of all answers."""
    return float(np.abs(run(dataset.inputs)["values"] - halved(dataset)).mean())


def halved(dataset: Dataset) -> Array:
    """Return what is right: the sum, half of it, ..."""
    return np.asarray(dataset.target()[:, None] * 0.5 ** np.arange(STEPS))


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that halve, and that stop after the sum."""
    right = halved(dataset)
    return fixed({"values": right}, {"values": np.repeat(right[:, :1], STEPS, axis=1)})


def baseline(size: Size, progress: Progress) -> float:
    """Return the error of always answering zero."""
    return score(
        lambda batch: {"values": np.zeros((len(batch["pair"]), STEPS))}, data("test", size)
    )


PAIR = Tensor(name="pair", shape=(1, 2))
recipe = Recipe(
    signature=Signature(
        inputs=(PAIR,),
        outputs=(
            Tensor(name="values", shape=(1, STEPS)),
            Tensor(name="large", shape=(1, STEPS), dtype="int32"),
        ),
    ),
    metric=Metric(name="error", higher_is_better=False),
    baseline=("always zero", baseline),
    source="made for tests",
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    variants=("float32", "int8"),
    drop_limits={"float32": 1e-5, "int8": 0.02},
    parts=Parts(
        signatures={
            "start": Signature(inputs=(PAIR,), outputs=(Tensor(name="start", shape=(1, 1)),)),
            "step": Signature(
                inputs=(Tensor(name="state", shape=(1, 1)),),
                outputs=(Tensor(name="next", shape=(1, 1)),),
            ),
        },
        split=split,
        drive=drive,
    ),
    program=Program(name="arrays", example=("--part", "step", "golden/step/vectors.npz")),
    assets=lambda size: {"steps.txt": f"{STEPS}\n"},
)
