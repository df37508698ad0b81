"""Texts and their words."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData
from edgekit.domains.learning import downloads
from edgekit.domains.text import corpora
from edgekit.on_device.words import split_words


def test_words_are_lower_case_and_marks_stand_alone() -> None:
    assert split_words("Don't stop, Moses: it\u2019s 3!") == (
        ["don't", "stop", ",", "moses", ":", "it's", "3", "!"]
    )


@given(st.text())
def test_words_of_words_are_the_same(text: str) -> None:
    words = split_words(text)
    assert split_words(" ".join(words)) == words


def test_samples_ship_with_the_package() -> None:
    assert len(corpora.verses("tiny")) == 2150
    labels = [review.label for review in corpora.reviews("tiny")]
    assert sorted(set(labels)) == [0, 1]
    assert sum(labels) * 2 == len(labels) == 520
    for name in (corpora.SMALL_BIBLE, corpora.SMALL_REVIEWS):
        assert (downloads.PACKAGED / name).stat().st_size < 200_000


def test_no_line_is_in_two_splits() -> None:
    splits = [set(corpora.word_lines(split, "tiny")) for split in ("train", "validation", "test")]
    assert sum(map(len, splits)) == len(set().union(*splits))


def test_a_lost_space_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PACKAGED", tmp_path)
    monkeypatch.setattr(corpora, "PACKAGED", tmp_path)
    (tmp_path / corpora.SMALL_BIBLE).write_bytes(
        gzip.compress("A 1:1\taboutJesus\tdeJesús\n".encode())
    )
    corpora.verses.cache_clear()
    try:
        (verse,) = corpora.verses("tiny")
    finally:
        corpora.verses.cache_clear()
    assert (verse.english, verse.spanish) == ("about Jesus", "de Jesús")


def test_the_whole_bible_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    monkeypatch.delenv("EDGEKIT_DATA", raising=False)
    corpora.verses.cache_clear()
    assert len(corpora.verses("full")) == 31_072


def test_a_file_that_is_not_compressed_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "PACKAGED", tmp_path)
    (tmp_path / corpora.SMALL_BIBLE).write_bytes(b"no gzip")
    corpora.verses.cache_clear()
    with pytest.raises(BadData, match="gzip"):
        corpora.verses("tiny")
