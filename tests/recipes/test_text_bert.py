"""Masked-language pre-training and the recipe that uses it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.domains.text.masked_language import (
    EncoderSchedule,
    hide_pieces,
    masked_language_model,
    pretrain,
    random_stretches,
)
from edgekit.on_device import answering
from edgekit.on_device.arrays import Batch, Run
from edgekit.on_device.programs import sentiment
from edgekit.on_device.subwords import MASK, PADDING, Subwords
from edgekit.recipes import text_bert

VOCABULARY = 8192


def _tokens(rows: int, length: int) -> np.ndarray:
    return np.random.default_rng(0).integers(4, VOCABULARY, (rows, length)).astype(np.int32)


def test_four_in_ten_are_hidden_of_which_eight_in_ten_are_masked() -> None:
    tokens = _tokens(500, 128)
    masked = hide_pieces(tokens, VOCABULARY, np.random.default_rng(0))
    assert masked.positions.shape == (500, 51)
    assert masked.weights.mean() == 1.0
    shown = np.take_along_axis(masked.tokens, masked.positions, axis=1)
    assert np.mean(shown == MASK) == pytest.approx(0.8, abs=0.02)
    assert np.mean(shown == masked.targets) == pytest.approx(0.1, abs=0.02)


def test_what_was_hidden_can_be_put_back() -> None:
    tokens = _tokens(20, 128)
    tokens[:10, 40:] = PADDING
    masked = hide_pieces(tokens, VOCABULARY, np.random.default_rng(0))
    assert not np.array_equal(masked.tokens, tokens)
    np.put_along_axis(masked.tokens, masked.positions, masked.targets, axis=1)
    np.testing.assert_array_equal(masked.tokens, tokens)


def test_short_texts_hide_fewer_and_never_their_padding() -> None:
    tokens = _tokens(50, 128)
    tokens[:, 20:] = PADDING
    tokens[0, 1:] = PADDING
    masked = hide_pieces(tokens, VOCABULARY, np.random.default_rng(0))
    np.testing.assert_array_equal(masked.weights[1:].sum(axis=1), 8)
    assert masked.weights[0].sum() == 1
    assert not masked.tokens[:, 20:].any()
    assert (masked.targets[masked.weights > 0] != PADDING).all()


@given(st.integers(1, 300), st.integers(1, 128), st.integers(0, 5))
def test_a_window_is_a_stretch_of_its_text(size: int, length: int, seed: int) -> None:
    text = np.arange(4, 4 + size, dtype=np.int32)
    (window,) = random_stretches([text], length, np.random.default_rng(seed))
    stretch = window[window != PADDING]
    assert len(stretch) == min(size, length)
    assert np.array_equal(stretch, np.arange(stretch[0], stretch[0] + len(stretch)))
    assert stretch[-1] < 4 + size
    assert not window[len(stretch) :].any()


@given(st.integers(0, 400))
def test_a_long_text_keeps_its_beginning_and_its_end(size: int) -> None:
    ids = np.arange(1, 1 + size, dtype=np.int32)
    found = sentiment.fit_length(ids)
    if size <= sentiment.LENGTH:
        np.testing.assert_array_equal(found[:size], ids)
        assert not found[size:].any()
    else:
        half = sentiment.LENGTH // 2
        np.testing.assert_array_equal(found, [*ids[:half], *ids[-half:]])


def test_marks_that_judge_stay() -> None:
    assert sentiment.normalize("Don't, really!  Why?") == "dont really ! why ?"


def test_pre_training_sees_no_test_review() -> None:
    train, test = (
        {text.tobytes() for text in text_bert.texts(split, "tiny")} for split in ("train", "test")
    )
    assert not train & test
    assert len(train) > len(test) > 100


def test_a_word_of_the_test_split_alone_is_no_subword() -> None:
    """The subwords are learned from training reviews only."""
    merges = text_bert.assets("tiny")[sentiment.MERGES]
    train = " ".join(map(sentiment.normalize, _reviews("train")))
    words = {word for text in _reviews("test") for word in sentiment.normalize(text).split()}
    alone = [word for word in sorted(words) if word not in train]
    subwords = Subwords.from_text(merges)
    assert len(alone) > 100
    assert all(len(subwords.encode(word)) > 1 for word in alone)


def _reviews(split: str) -> list[str]:
    subwords = Subwords.from_text(text_bert.assets("tiny")[sentiment.MERGES])
    return [subwords.decode(list(ids)) for ids in text_bert.texts(split, "tiny")]  # type: ignore[arg-type]


def test_the_program_prints_a_label(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / sentiment.MERGES).write_text(text_bert.assets("tiny")[sentiment.MERGES])
    (tmp_path / "labels.txt").write_text("negative\npositive\n")
    seen = []

    def load(folder: Path, variant: str, **options: object) -> dict[str, Run]:
        assert (folder, variant) == (tmp_path, "int8")

        def run(batch: Batch) -> Batch:
            seen.append(batch["tokens"])
            return {"scores": np.array([[0.1, 0.9]], np.float32)}

        return {"model": run}

    monkeypatch.setattr(answering, "load", load)
    monkeypatch.setattr(answering, "describe", lambda *_: {})
    command = ["sentiment.py", "--variant", "int8", "--bundle", str(tmp_path), "a wonderful film"]
    monkeypatch.setattr(sys, "argv", command)
    sentiment.main()
    assert capsys.readouterr().out == "positive (90 %)\n"
    assert seen[0].shape == (1, sentiment.LENGTH)
    monkeypatch.setattr(sys, "argv", [*command[:-1], "..."])
    with pytest.raises(SystemExit, match=r"no word in '\.\.\.'"):
        sentiment.main()


@pytest.mark.slow
def test_pre_training_learns_and_changes_the_network_it_is_for() -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = text_bert.build("tiny")
    head = model.get_layer("scores").get_weights()
    encoder = keras.Model(model.input, model.get_layer("encoded").output)
    before = encoder.get_weights()
    said: list[str] = []
    pretrain(
        masked_language_model(encoder, text_bert.EMBEDDING),
        model.get_layer("pieces").embeddings,
        text_bert.texts("train", "tiny")[:48],
        schedule=EncoderSchedule(epochs=3, batch_size=16, peak_rate=2e-3),
        progress=lambda _, doing: said.append(doing),
    )
    losses = [float(line.rpartition(" ")[2]) for line in said]
    assert losses[0] > losses[1] > losses[2]
    moved = [not np.array_equal(*pair) for pair in zip(before, encoder.get_weights(), strict=True)]
    assert np.mean(moved) > 0.9
    for old, new in zip(head, model.get_layer("scores").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.slow
def test_padding_does_not_change_the_answer() -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = text_bert.build("tiny")
    tokens = _tokens(2, 128)
    tokens[:, 60:] = PADDING
    answer = model.predict(tokens, verbose=0)
    table = model.get_layer("pieces")
    rows = table.get_weights()[0]
    rows[PADDING] += 1.0
    table.set_weights([rows])
    np.testing.assert_allclose(model.predict(tokens, verbose=0), answer, atol=1e-3)
