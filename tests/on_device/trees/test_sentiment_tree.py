"""The program for trees: what it says of a tree and of a sentence, and what it draws."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.programs import sentiment_tree
from edgekit.on_device.trees.bracketed import read_tree
from edgekit.on_device.trees.drawn import KINDS, ROW, depths_of, drawn
from edgekit.on_device.vocabulary import SPECIAL

LABELS = ["very negative", "negative", "neutral", "positive", "very positive"]
GOOD = 3


def models_in(folder: Path) -> Models:
    """A bundle for which only "good" is positive, and what holds it."""
    (folder / "vocabulary.txt").write_text("\n".join([*SPECIAL, "good"]), encoding="utf-8")

    def answer(is_good: np.ndarray) -> Batch:
        return {"state": is_good, "scores": np.eye(5, dtype=np.float32)[2 + is_good[:, 0]]}

    return Models(
        folder,
        {},
        {
            "word": lambda batch: answer((batch["word"] == GOOD).astype(int)),
            "phrase": lambda batch: answer(np.maximum(batch["left"], batch["right"]).astype(int)),
        },
        LABELS,
    )


def test_every_phrase_of_a_tree_is_named(tmp_path: Path) -> None:
    answer = sentiment_tree.answer(models_in(tmp_path), "(((A) (Good film)) .)", Namespace())
    assert list(answer.lines) == [
        "positive      100 %  A Good film .",
        "positive      100 %    A Good film",
        "neutral       100 %      A",
        "positive      100 %      Good film",
        "positive      100 %        Good",
        "neutral       100 %        film",
        "neutral       100 %    .",
    ]
    assert answer.drawing is not None
    assert answer.drawing.text == "positive 100 %\nA Good film ."


def test_a_sentence_is_joined_from_the_right_and_told_so(tmp_path: Path) -> None:
    answer = sentiment_tree.answer(models_in(tmp_path), "not good.", Namespace())
    assert [line[21:] for line in answer.lines[:3]] == ["not good .", "  not", "  good ."]
    assert answer.lines[-1] == sentiment_tree.WITHOUT_BRACKETS


@pytest.mark.parametrize("text", ["(a", " ", "(2 (3 good)))"])
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"is no tree|There is no word"):
        sentiment_tree.answer(models_in(tmp_path), text, Namespace())


def test_a_deep_tree_is_answered(tmp_path: Path) -> None:
    answer = sentiment_tree.answer(
        models_in(tmp_path), "(a " * 300 + "good" + ")" * 300, Namespace()
    )
    assert len(answer.lines) == 601


def test_each_phrase_is_painted_over_its_words() -> None:
    tree = read_tree("((a good) film)")
    assert depths_of(tree) == [2, 2, 1, 1, 0]
    mask = drawn(tree, [0, 1, 2, 3, 4]).mask
    assert mask is not None
    assert mask.shape[0] == 3 * ROW
    assert mask[::ROW, 0].tolist() == [KINDS[4]] * 3
    assert mask[::ROW, -1].tolist() == [KINDS[0], KINDS[1], KINDS[2]]
