"""Word vectors: the text as numbers, blocks, pairs, training, neighbours and the score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Recipe
from edgekit.core.types import Run
from edgekit.domains.text.negative_sampling import (
    BLOCK,
    NegativeSamplingSettings,
    read_blocks,
    skip_gram,
    train_vectors,
)
from edgekit.domains.text.word_vectors import (
    Text,
    cooccurrences,
    judged_words,
    rank_correlation,
    read_text,
    read_wordsim,
    unit,
)
from edgekit.on_device import answering
from edgekit.on_device.programs import nearest as by_number
from edgekit.on_device.programs import nearest_ngrams as by_ngrams
from edgekit.on_device.programs.nearest import nearest, number_of, read_words

LINES = [["the", "king", ",", "the", "queen"], ["king", "and", "queen", "."]]


def test_the_most_frequent_word_is_number_zero_and_marks_are_none() -> None:
    text = read_text(LINES, min_count=1)
    assert text.words == ("king", "queen", "the", "and")
    assert text.counts.tolist() == [2, 2, 2, 1]
    assert text.ids.tolist() == [2, 0, 2, 1, 0, 3, 1]
    assert text.lines.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_rare_words_and_words_beyond_the_table_are_left_out() -> None:
    assert read_text(LINES, min_count=2).words == ("king", "queen", "the")
    assert read_text(LINES, min_count=1, most=1).ids.tolist() == [0, 0]


def test_two_words_at_distance_two_count_half_and_lines_are_apart() -> None:
    text = read_text(LINES, min_count=1)
    counts = cooccurrences(text, 2).toarray()
    number = {word: index for index, word in enumerate(text.words)}
    assert counts[number["the"], number["king"]] == 2
    assert counts[number["queen"], number["king"]] == 1  # twice at distance two
    assert counts[number["the"], number["and"]] == 0
    assert (counts == counts.T).all()


@given(st.integers(1, 400), st.integers(1, 6), st.integers(0, 9))
def test_every_word_is_in_the_middle_of_one_block(words: int, window: int, seed: int) -> None:
    text = Text(
        words=tuple(map(str, range(words))),
        counts=np.ones(words, np.int64),
        ids=np.arange(words, dtype=np.int32),
        lines=np.zeros(words, np.int32),
    )
    settings = NegativeSamplingSettings(window=window, sample=1.0)  # nothing is thinned out
    ids, lines, reach, noise = read_blocks(text, settings, np.random.default_rng(seed))
    seen = ids[reach > 0]
    assert sorted(seen) == list(range(words))
    assert reach.max() <= window
    assert (lines[reach > 0] == 0).all()
    assert len(noise) == len(ids)
    assert noise.max() < words
    middle = np.argwhere(reach > 0)[:, 2]
    assert middle.min() >= window
    assert middle.max() < BLOCK - window


def test_a_window_wider_than_a_block_is_refused() -> None:
    text = read_text(LINES, min_count=1)
    with pytest.raises(BadInput, match="window is 32; allowed are 1 to 31"):
        read_blocks(text, NegativeSamplingSettings(window=32), np.random.default_rng(0))


def test_frequent_words_are_thinned_out_and_rare_ones_kept() -> None:
    ids = np.repeat(np.arange(101, dtype=np.int32), [10_000, *[10] * 100])
    text = Text(
        words=tuple(map(str, range(101))),
        counts=np.bincount(ids),
        ids=ids,
        lines=np.zeros(len(ids), np.int32),
    )
    blocks, _, reach, _ = read_blocks(text, NegativeSamplingSettings(), np.random.default_rng(0))
    left = np.bincount(blocks[reach > 0], minlength=101)
    assert left[0] < 700
    assert (left[1:] == 10).all()


def test_wordsim_is_whole_and_both_words_of_a_pair_must_be_known() -> None:
    pairs = read_wordsim()
    assert len(pairs) == 353
    assert ("tiger", "cat", 7.35) in pairs
    words, judgements = judged_words(["tiger", "cat", "love"])
    assert words[:2] == ["tiger", "cat"]
    assert judgements[:2].tolist() == pytest.approx([7.35, 7.35])
    assert "love" not in words


def test_the_score_is_the_order_of_cosines() -> None:
    angles = np.array([0, 0.1, 0, 0.5, 0, 0.9])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 3
    judgements = np.repeat([9.0, 5.0, 1.0], 2)
    assert rank_correlation(vectors, judgements) == pytest.approx(100)
    assert rank_correlation(vectors, -judgements) == pytest.approx(-100)
    assert rank_correlation(vectors[:5], judgements[:5]) == pytest.approx(100)  # a pair is cut
    assert rank_correlation(np.ones((6, 2)), judgements) == 0


def test_unit_vectors_have_length_one_and_zeros_stay() -> None:
    vectors = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert vectors.tolist() == [[0.6, 0.8], [0.0, 0.0]]


def test_nearest_leaves_out_the_word_itself_and_unused_rows() -> None:
    similarity = np.array([1.0, 0.2, 0.9, 0.5, 5.0])
    assert nearest(similarity, ["a", "b", "c", "d"], exclude="a", count=2) == ["c", "d"]
    assert nearest(similarity, ["a", "b", "c", "d"], count=1) == ["a"]


def test_a_word_without_a_vector_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("the\nking\n", encoding="utf-8")
    words = read_words(tmp_path)
    assert number_of("King", words) == 1
    with pytest.raises(ValueError, match=r"'zebra' is not among the 2 words.*words_fasttext"):
        number_of("zebra", words)


def test_the_first_direction_and_the_mean_are_taken_away() -> None:
    from edgekit.recipes.words_glove import without_frequency

    random = np.random.default_rng(0)
    vectors = random.normal(0, [100.0, 1, 1], (50, 3)) + 7
    left = without_frequency(vectors)
    assert left.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert np.linalg.matrix_rank(left, tol=1e-6) == 2
    assert left[:, 0].std() < 1
    assert left[:, 1].std() > 0.5


def _fake_load(folder: Path, variant: str, **options: object) -> dict[str, Run]:
    """A model that finds word 2 nearest, then 1, whatever it is asked."""
    return {"model": lambda batch: {"similarity": np.array([[0.1, 0.5, 0.9, 0.0]])}}


def test_the_programs_print_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vocabulary.txt").write_text("the\nqueen\nking\n", encoding="utf-8")
    monkeypatch.setattr(answering, "load", _fake_load)
    monkeypatch.setattr(answering, "describe", lambda *_: {})
    for program in (by_number, by_ngrams):
        program.main(["King", "--count", "1", "--bundle", str(tmp_path)])
        assert capsys.readouterr().out == "0.50  queen\n"
    by_ngrams.main(["kingly", "--bundle", str(tmp_path)])
    assert capsys.readouterr().out == "0.90  king\n0.50  queen\n0.10  the\n"
    with pytest.raises(SystemExit, match="'kingly' is not among the 3 words"):
        by_number.main(["kingly", "--bundle", str(tmp_path)])


@pytest.mark.slow
def test_words_in_the_same_places_get_like_vectors() -> None:

    random = np.random.default_rng(0)
    topics = [[f"{topic}{n}" for n in range(30)] for topic in ("sea", "king")]
    text = read_text([list(random.choice(topics[n % 2], 10)) for n in range(600)], min_count=1)
    start = random.normal(0, 0.01, (60, 16)).astype(np.float32)
    settings = NegativeSamplingSettings(epochs=20, sample=1.0)
    told: list[float] = []
    vectors = train_vectors(
        text, start, skip_gram, settings=settings, progress=lambda done, _: told.append(done)
    )
    cosines = unit(vectors) @ unit(vectors).T
    at_sea = np.array([word.startswith("sea") for word in text.words])
    assert cosines[at_sea][:, at_sea].mean() > 0.5
    assert cosines[at_sea][:, ~at_sea].mean() < 0.2
    assert told[-1] == 1.0


@pytest.mark.slow
def test_too_high_a_rate_makes_no_vector_infinite() -> None:

    text = read_text([["king", "queen", "crown"]] * 500, min_count=1)
    start = np.full((3, 4), 0.1, np.float32)
    settings = NegativeSamplingSettings(epochs=3, sample=1.0, learning_rate=10.0)
    vectors = train_vectors(text, start, skip_gram, settings=settings, progress=lambda *_: None)
    assert np.isfinite(vectors).all()


def test_the_assets_number_words_as_the_data_do() -> None:
    recipe: Recipe = registry.get("recipes", "words_skipgram")
    assert recipe.assets
    vocabulary = recipe.assets("tiny")["vocabulary.txt"]
    assert isinstance(vocabulary, str)
    words = vocabulary.splitlines()
    test = recipe.data("test", "tiny")
    expected, _ = judged_words(words)
    assert [words[number] for number in test.inputs["word"][:, 0]] == expected
