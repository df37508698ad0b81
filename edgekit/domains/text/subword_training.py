"""Learn the subword pieces of a text by byte-pair encoding, with Hugging Face's `tokenizers`.

The device needs only the merges; `edgekit.on_device.subwords.Subwords` applies them without the
library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from edgekit.core.errors import BadInput
from edgekit.on_device.subwords import FIRST_BYTE, FIRST_MERGE, Subwords, split_words, to_bytes

_BYTE_SIGNS = [chr(0x100 + byte) for byte in range(256)]
"""One visible character per byte, in the order of the bytes: the library works on characters, and
breaks ties between equally frequent pairs by the order of its pieces."""


def learn_subwords(lines: Iterable[str], num_pieces: int) -> Subwords:
    """Merge the most frequent pair of pieces within words until there are `num_pieces` ids.

    Args:
        lines: The text to learn from.
        num_pieces: Number of ids: 4 that stand for no text, 256 bytes, and the merges. There are
            fewer if no pair occurs twice any more.

    Returns:
        The pieces. The same text gives the same ones, whatever the order of its lines; of equally
        frequent pairs the one with the smaller ids is merged first.

    Raises:
        BadInput: `num_pieces` leaves no room for the bytes.

    Source: Sennrich, Haddow, Birch, Neural Machine Translation of Rare Words with Subword Units,
        2016, https://aclanthology.org/P16-1162.
    """
    from tokenizers import Tokenizer, models, trainers

    if num_pieces < FIRST_MERGE:
        raise BadInput(
            f"num_pieces is {num_pieces}; the bytes take the first {FIRST_MERGE}: give more."
        )
    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=num_pieces,
        min_frequency=2,
        special_tokens=[f"<{number}>" for number in range(FIRST_BYTE)],
        initial_alphabet=_BYTE_SIGNS,
        show_progress=False,
    )
    words = (word for line in lines for word in split_words(line))
    signs = ("".join(_BYTE_SIGNS[byte] for byte in to_bytes(word)) for word in words)
    tokenizer.train_from_iterator(signs, trainer)
    return _numbered(json.loads(tokenizer.to_str())["model"]["merges"])


def _numbered(merges: Iterable[tuple[str, str]]) -> Subwords:
    """Return merges of pieces, given as byte signs, as merges of ids.

    A merge that makes a piece there is already gets no id in the library; it is left out.
    """
    ids = {sign: FIRST_BYTE + byte for byte, sign in enumerate(_BYTE_SIGNS)}
    pairs: list[tuple[int, int]] = []
    for left, right in merges:
        if left + right not in ids:
            ids[left + right] = FIRST_MERGE + len(pairs)
            pairs.append((ids[left], ids[right]))
    return Subwords(pairs)
