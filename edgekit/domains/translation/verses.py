"""Verses in two languages for the translation recipes: pairs, subwords and the score.

The direction is English (World English Bible) to Spanish (Reina-Valera 1909).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset, Signature, Tensor
from edgekit.core.types import Array, Run, Size, Split
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.text.corpora import Verse, verses
from edgekit.on_device.programs.translate import SOURCE_LENGTH, SUBWORD_FILES, TARGET_LENGTH, ended
from edgekit.on_device.subwords import BEGIN, Subwords

MAX_WORDS = 20
"""Verses with more words, separated by white space, are left out: 12,544 have no more in either
language."""

NUM_PIECES = 2000
"""Ids of each language. Few, because every step computes a score for each of them."""

NUM_CALIBRATION = 100

SIGNATURE = Signature(
    inputs=(
        Tensor(
            name="source",
            shape=(1, SOURCE_LENGTH),
            dtype="int32",
            meaning="English subwords and the mark of the end, padded with 0",
        ),
    ),
    outputs=(
        Tensor(
            name="tokens",
            shape=(1, TARGET_LENGTH),
            dtype="int32",
            meaning="Spanish subwords and the mark of the end, padded with 0",
        ),
    ),
)

SCORES = Tensor(name="scores", shape=(1, NUM_PIECES), meaning="log-probability + 5, cut at 0 and 6")
"""Output of a decoder's step; see `edgekit.on_device.programs.translate.SCORE_RANGE`."""


@lru_cache(maxsize=8)
def verse_pairs(split: Split, size: Size) -> tuple[Verse, ...]:
    """Return the verses of a split that have at most 20 words in both languages.

    One of 32 English texts is for test and one for validation, chosen by a checksum of the text, so
    that a verse that the Bible repeats is in one split only, and in the same one for both sizes. A
    translation seen in test or validation is not trained on, even where the English differs.
    """
    short = [verse for verse in verses(size) if _num_words(verse) <= MAX_WORDS]
    held_out = {"test": _fold(short, 0), "validation": _fold(short, 1)}
    if split in held_out:
        return tuple(held_out[split])
    seen = {verse.spanish for fold in held_out.values() for verse in fold}
    rest = [v for number in range(2, 32) for v in _fold(short, number) if v.spanish not in seen]
    return tuple(rest[:: max(1, len(rest) // NUM_CALIBRATION)] if split == "calibration" else rest)


@lru_cache(maxsize=2)
def subwords(language: str) -> Subwords:
    """Return the subwords of "english" or "spanish"."""
    return Subwords.from_text((PACKAGED / SUBWORD_FILES[language]).read_text(encoding="ascii"))


def translation_data(split: Split, size: Size) -> Dataset:
    """Return English subwords `(n, 40)` as int32, and the Spanish texts `(n,)` as targets."""
    pairs = verse_pairs(split, size)
    source = ended([subwords("english").encode(v.english) for v in pairs], SOURCE_LENGTH)
    return Dataset(inputs={"source": source}, targets=np.array([v.spanish for v in pairs]))


def target_tokens(texts: Sequence[str]) -> Array:
    """Return a decoder's targets: Spanish subwords and the mark of the end, `(n, 40)`, int32."""
    rows = [subwords("spanish").encode(str(text)) for text in texts]
    return np.asarray(ended(rows, TARGET_LENGTH))


def shifted(tokens: Array) -> Array:
    """Return a decoder's inputs: the token before each of `tokens`, `BEGIN` before the first."""
    before = np.roll(tokens, 1, axis=1)
    before[:, 0] = BEGIN
    return before


def texts_of(tokens: Array) -> list[str]:
    """Return the Spanish texts of rows of subwords."""
    return [subwords("spanish").decode(row.tolist()) for row in tokens]


def bleu(answers: Sequence[str], references: Sequence[str]) -> float:
    """Return corpus BLEU, 0..100, as sacrebleu computes it by default (cased, 13a tokens).

    Raises:
        BadData: There is nothing to compare, or not one reference for each answer.

    Source: Papineni et al., BLEU, 2002, https://aclanthology.org/P02-1040; Post, A Call for Clarity
        in Reporting BLEU Scores, 2018, https://aclanthology.org/W18-6319.
    """
    import sacrebleu

    if not answers or len(answers) != len(references):
        raise BadData(
            f"{len(answers)} translations and {len(references)} references; "
            "give one reference for each translation, and at least one."
        )
    return float(sacrebleu.corpus_bleu(list(answers), [list(references)]).score)


def score_bleu(run: Run, dataset: Dataset) -> float:
    """Return the BLEU of the translations that `run` makes of the verses of `dataset`."""
    return bleu(texts_of(run(dataset.inputs)["tokens"]), [str(text) for text in dataset.targets])


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer the references, and the references of other verses.

    The right answers are not cut to 40 subwords, as those of a device are; that alone would cost
    0.5 BLEU on all test verses.
    """
    rows = [subwords("spanish").encode(str(text)) for text in dataset.target()]
    right = ended(rows, 1 + max(map(len, rows)))
    return fixed({"tokens": right}, {"tokens": np.roll(right, 1, axis=0)})


def assets(_size: Size) -> dict[str, str]:
    """Return the subword files that the translation program reads, by name."""
    return {name: subwords(language).to_text() for language, name in SUBWORD_FILES.items()}


def _num_words(verse: Verse) -> int:
    return max(len(verse.english.split()), len(verse.spanish.split()))


def _fold(pairs: Sequence[Verse], number: int) -> list[Verse]:
    return [v for v in pairs if zlib.crc32(v.english.encode()) % 32 == number]
