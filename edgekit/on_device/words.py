"""Cut English text into lower-case words and punctuation marks."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*|[.,;:!?]")
_QUOTES = {ord("\u2019"): "'", ord("\u2018"): "'"}


def split_words(text: str) -> list[str]:
    """Return the words of a text, lower-cased, and its marks `. , ; : ! ?`, in order.

    An apostrophe stays within its word ("don't"); everything else separates words. Letters outside
    a to z separate them too: the texts edgekit trains on are English.
    """
    return _WORD.findall(text.lower().translate(_QUOTES))
