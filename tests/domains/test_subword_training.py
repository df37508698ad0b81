"""Subwords are learned with a library, and stay those that recorded results were made with."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.domains.text.corpora import reviews
from edgekit.domains.text.subword_training import learn_subwords
from edgekit.domains.translation.verses import NUM_PIECES, verse_pairs
from edgekit.on_device.programs.sentiment import normalize

LEARNED = {
    "english": "0fb00be01d754e79bf2bc8e70bdb2412c74960e9f4723782cedbab239669ff8e",
    "spanish": "7c9d2fd8b5d7d86a2a6b237809d14374afd039e6bdeb319cb4d20c67ec31a095",
}
"""SHA-256 of the merges that the package's own byte-pair encoder learned on the packaged verses."""

LEARNED_ON_REVIEWS = "b05432921fea1f3688b47afa7d12ab040e602759eb55c4e83eb5e6bdea587fa9"


@pytest.mark.parametrize("language", LEARNED)
def test_the_packaged_verses_give_the_recorded_merges(language: str) -> None:
    learned = learn_subwords(
        (getattr(verse, language) for verse in verse_pairs("train", "tiny")), NUM_PIECES
    )
    assert hashlib.sha256(learned.to_text().encode()).hexdigest() == LEARNED[language]


def test_the_packaged_reviews_give_the_recorded_merges() -> None:
    learned = learn_subwords((normalize(review.text) for review in reviews("tiny")), 8192)
    assert hashlib.sha256(learned.to_text().encode()).hexdigest() == LEARNED_ON_REVIEWS


@given(lines=st.lists(st.text("ab é", max_size=60), max_size=6), room=st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_there_are_never_more_pieces_than_asked_for(lines: list[str], room: int) -> None:
    learned = learn_subwords(lines, 260 + room)
    assert len(learned) <= 260 + room
    assert [learned.decode(learned.encode(line)) for line in lines] == lines
