"""The stream of tokens that all language models read, and how they are judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadInput
from edgekit.domains.text import kneser_ney
from edgekit.domains.text.corpora import word_lines
from edgekit.domains.text.tokens import NUM_TOKENS, perplexity, stream, vocabulary, windows
from edgekit.on_device.vocabulary import END, SPECIAL, UNKNOWN, Vocabulary, read_vocabulary


def test_the_stream_holds_every_line_and_where_it_ends() -> None:
    tokens, lines = stream("test", "tiny"), word_lines("test", "tiny")
    assert len(tokens) == 1 + sum(len(line) + 1 for line in lines)
    assert np.count_nonzero(tokens == END) == 1 + len(lines)
    words = vocabulary("tiny").decode(tokens[1 : 1 + len(lines[0])])
    known = set(vocabulary("tiny").words)
    assert words == [word if word in known else "<unk>" for word in lines[0]]


def test_the_vocabulary_is_the_training_text_s() -> None:
    words = vocabulary("tiny").words
    assert words[:3] == SPECIAL
    assert len(words) == len(set(words)) <= NUM_TOKENS
    trained = {word for line in word_lines("train", "tiny") for word in line}
    assert set(words[3:]) <= trained
    assert 0 < np.mean(stream("test", "tiny") == UNKNOWN) < 0.15


def test_words_become_numbers_and_words_again() -> None:
    words = Vocabulary([*SPECIAL, "in", "the"])
    assert words.encode(["the", "in", "beginning"]) == [4, 3, UNKNOWN]
    assert words.decode([4, 3, UNKNOWN]) == ["the", "in", "<unk>"]


def test_a_vocabulary_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("<pad>\n<unk>\n<end>\nthe\n")
    assert read_vocabulary(tmp_path).encode(["the"]) == [3]


def test_another_list_of_words_is_refused() -> None:
    with pytest.raises(ValueError, match=r"begins with <pad>, <unk>, <end>; .* in, the"):
        Vocabulary(["in", "the"])


@given(st.integers(2, 50), st.integers(2, 20))
def test_windows_predict_each_token_but_the_first_once(count: int, length: int) -> None:
    tokens = np.arange(count)
    if length > count:
        with pytest.raises(BadInput, match=f"of {count}"):
            windows(tokens, length)
        return
    cut = windows(tokens, length)
    assert cut.shape[1] == length
    predicted = cut[:, 1:].ravel()
    assert predicted.tolist() == list(range(1, len(predicted) + 1))
    assert count - 1 - len(predicted) < length - 1
    assert (cut[:, 1:] == cut[:, :-1] + 1).all()


def test_perplexity_of_equally_likely_tokens_is_their_number() -> None:
    assert perplexity(np.log(np.full(5, 1 / 8))) == pytest.approx(8)


def test_the_trigram_model_beats_single_words() -> None:
    """A broken model of either kind would miss these bounds by far."""
    train, test = stream("train", "tiny"), stream("test", "tiny")
    shares = (np.bincount(train, minlength=NUM_TOKENS) + 1) / (len(train) + NUM_TOKENS)
    trigram = perplexity(kneser_ney.fit(train, NUM_TOKENS).score(test))
    assert 50 < trigram < 0.6 * perplexity(np.log(shares[test[1:]]))
