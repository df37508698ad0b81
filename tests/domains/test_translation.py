"""Translation: splits without overlap, sacrebleu's score, steps that equal the whole decoder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import BadData
from edgekit.core.recipe import Recipe
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.translation import teacher_forcing
from edgekit.domains.translation.teacher_forcing import (
    NORMALIZING,
    TranslatorSchedule,
    batches,
    normalized_loss,
    train_translator,
)
from edgekit.domains.translation.verses import (
    MAX_WORDS,
    NUM_PIECES,
    bleu,
    score_bleu,
    shifted,
    subwords,
    target_tokens,
    texts_of,
    translation_data,
    verse_pairs,
)
from edgekit.domains.translation.word_by_word import most_probable
from edgekit.on_device.programs import translate as program
from edgekit.on_device.programs.translate import SCORE_RANGE, SUBWORD_FILES, translate
from edgekit.on_device.subwords import BEGIN, END, PADDING
from edgekit.source_model.reference import runner

RECIPES = ("translate_seq2seq", "translate_transformer")


def test_no_text_is_in_two_splits_in_either_language() -> None:
    train, test = verse_pairs("train", "tiny"), verse_pairs("test", "tiny")
    for language in ("english", "spanish"):
        trained = {getattr(verse, language) for verse in train}
        assert not trained & {getattr(verse, language) for verse in test}


def test_verses_are_short_in_both_languages() -> None:
    for verse in verse_pairs("validation", "tiny"):
        assert len(verse.english.split()) <= MAX_WORDS
        assert len(verse.spanish.split()) <= MAX_WORDS


def test_subwords_fill_the_rows_of_the_models_and_say_every_verse() -> None:
    for language in SUBWORD_FILES:
        pieces = subwords(language)
        assert len(pieces) == NUM_PIECES
        for verse in verse_pairs("test", "tiny"):
            text = getattr(verse, language)
            assert pieces.decode(pieces.encode(text)) == text
    assert all((PACKAGED / name).stat().st_size < 200_000 for name in SUBWORD_FILES.values())


def test_a_decoder_is_given_the_token_before_each_target() -> None:
    tokens = target_tokens(["En el principio"])
    assert shifted(tokens)[0, 0] == BEGIN
    assert (shifted(tokens)[0, 1:] == tokens[0, :-1]).all()
    assert END in tokens[0]
    assert texts_of(tokens) == ["En el principio"]


def test_the_right_texts_score_100_and_others_less() -> None:
    test = translation_data("test", "tiny").head(40)
    right = target_tokens(test.target().tolist())
    assert score_bleu(lambda _: {"tokens": right}, test) > 99
    assert score_bleu(lambda _: {"tokens": np.roll(right, 1, axis=0)}, test) < 30


def test_texts_without_references_are_refused() -> None:
    with pytest.raises(BadData, match="2 translations and 1 references"):
        bleu(["a", "b"], ["a"])


def test_batches_hold_every_verse_once_and_little_padding() -> None:
    target = target_tokens(translation_data("train", "tiny").target().tolist())
    batched = list(batches(target, 32, np.random.default_rng(0)))
    assert sorted(np.concatenate([rows for rows, _ in batched])) == list(range(len(target)))
    for rows, tokens in batched:
        assert (target[rows, : tokens.shape[1]] == tokens).all()
        assert not target[rows, tokens.shape[1] :].any()
        assert tokens.shape[1] % 8 == 0
    computed = sum(tokens.size for _, tokens in batched)
    assert np.count_nonzero(target) > 0.75 * computed


def test_the_loss_spreads_its_target_as_set_and_ignores_padding() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=(3, 5, 11)).astype(np.float32)
    expected = random.integers(1, 11, size=(3, 5))
    expected[0, 3:] = PADDING
    target = 0.6 * np.eye(11)[expected] + 0.1 / 11 + 0.3 * np.eye(11)[scores.argmax(-1)]
    total = np.log(np.exp(scores).sum(-1))
    each = total - (target * scores).sum(-1) + NORMALIZING * total**2
    loss = normalized_loss(smoothing=0.1, bootstrap=0.3)(expected, scores)
    np.testing.assert_allclose(loss, each[expected != PADDING].mean(), rtol=1e-5)


def test_words_that_always_stand_together_translate_each_other() -> None:
    """The example of the paper: `the` is in two sentences, so `house` must be `casa`."""
    pairs = [(["the", "house"], ["la", "casa"]), (["the", "book"], ["la", "libro"])]
    translations = most_probable(pairs, lambda *_: None)
    assert translations == {"the": "la", "house": "casa", "book": "libro"}


class Watched:
    """The parts of a translator; keeps the scores of every step, for rows that still run."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._runs = {name: runner(part) for name, part in parts.items()}
        self.scores: list[Array] = []

    def runs(self) -> dict[str, Run]:
        return {"encode": self._runs["encode"], "step": self._step}

    def _step(self, batch: Batch) -> Batch:
        answer = self._runs["step"](batch)
        self.scores.append(answer["scores"])
        return answer


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_steps_with_a_state_equal_one_pass_over_the_whole_text(name: str) -> None:
    recipe: Recipe = registry.get("recipes", name)
    model = recipe.build("tiny")
    assert recipe.parts
    watched = Watched(recipe.parts.split(model))
    source = recipe.data("test", "tiny").inputs["source"][:1]
    tokens = recipe.parts.drive(watched.runs())({"source": source})["tokens"]
    whole = model([source, shifted(tokens)], training=False).numpy()[0]
    stepped = np.concatenate(watched.scores)
    assert len(stepped) > 30
    assert np.abs(stepped - np.clip(whole[: len(stepped)] + SCORE_RANGE, 0, 6)).max() < 1e-4


@pytest.mark.slow
def test_later_schedules_train_on_the_network_s_own_translations_with_their_beam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = translation_data("train", "tiny").head(8)
    taught: list[Array] = []
    monkeypatch.setattr(teacher_forcing, "translation_data", lambda *_: few)
    monkeypatch.setattr(
        teacher_forcing, "force_targets", lambda *args, **_: taught.append(args[1][1])
    )

    def drive(runs: Mapping[str, Run], beam: int) -> Run:
        assert set(runs) == {"encode", "step"}
        return lambda batch: {"tokens": np.full_like(batch["source"], beam)}

    recipe: Recipe = registry.get("recipes", "translate_transformer")
    assert recipe.parts
    plain = TranslatorSchedule(epochs=1, batch_size=8, learning_rate=1e-3)
    train_translator(
        recipe.build("tiny"),
        "tiny",
        lambda *_: None,
        schedules=[plain, replace(plain, beam=3), plain],
        split=recipe.parts.split,
        drive=drive,
    )
    first, *own = taught
    assert (first == target_tokens(few.target().tolist())).all()
    assert [set(tokens.ravel()) for tokens in own] == [{3}, {1}]


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_wider_beam_is_another_search_of_the_same_model(name: str) -> None:
    recipe: Recipe = registry.get("recipes", name)
    assert recipe.parts
    runs = {part: runner(m) for part, m in recipe.parts.split(recipe.build("tiny")).items()}
    source = recipe.data("test", "tiny").inputs["source"][:2]
    caches = {
        tensor.name: tensor.shape[1:]
        for tensor in recipe.parts.signatures["step"].inputs
        if tensor.name.startswith("said_")
    }
    greedy, narrow, wide = (
        recipe.parts.drive(runs)({"source": source})["tokens"],
        np.concatenate([translate(runs, row[None], caches=caches, beam=1) for row in source]),
        translate(runs, source, caches=caches, beam=3),
    )
    assert (greedy == narrow).all()
    assert wide.shape == greedy.shape
    assert (wide[:, 0] != PADDING).all()


def test_the_program_refuses_a_beam_of_0() -> None:
    result = subprocess.run(
        [sys.executable, "-m", program.__name__, "--beam", "0", "In the beginning"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "argument --beam: 0; give 1 or more" in result.stderr
