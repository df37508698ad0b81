"""Make of texts the numbers that a converted model takes, as its Keras layer did.

`edgekit convert` splits TextVectorization and StringLookup off, writes the vocabulary beside the
file, and into the `.json` under `look_ups` what was done to a text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import List, Mapping, Optional, Sequence, TypedDict

import numpy as np

from .arrays import Array

_PUNCTUATION = re.compile(rb"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']")
_UPPER, _LOWER = (bytes(range(start, start + 26)) for start in (ord("A"), ord("a")))


class LookUpFacts(TypedDict):
    """What the `.json` beside a file says of an input; see `edgekit.core.kinds.LookUp`."""

    input: str
    vocabulary: str
    standardize: str
    split: str
    ngrams: List[int]
    output: str
    length: Optional[int]
    unknown: List[int]
    mask: Optional[str]


class LookUp:
    """What one input takes: a row of numbers for each text."""

    def __init__(self, facts: LookUpFacts, tokens: Sequence[str]) -> None:
        """Take what the `.json` says and the lines of the vocabulary.

        Raises:
            ValueError: It is one that this module cannot do, such as hashing.
        """
        known = {
            "standardize": ("", "lower", "strip_punctuation", "lower_and_strip_punctuation"),
            "split": ("", "whitespace", "character"),
            "output": ("int", "one_hot", "multi_hot", "count"),
        }
        for key, allowed in known.items():
            if facts[key] not in allowed:  # type: ignore[literal-required]
                raise ValueError(f"{key} is '{facts[key]}'; here it is {' or '.join(allowed)}.")  # type: ignore[literal-required]
        if not facts["vocabulary"] or len(facts["unknown"]) > 1:
            raise ValueError(f"Input '{facts['input']}' hashes its tokens, which this cannot.")
        first = len(facts["unknown"]) + (facts["mask"] is not None)
        self._numbers = {token.encode(): k for k, token in enumerate(tokens) if k >= first}
        if facts["mask"] is not None:
            self._numbers[facts["mask"].encode()] = 0
        self._facts = facts

    def __call__(self, texts: Sequence[str]) -> Array:
        """Return a row for each text: int32 numbers, or float32 where the output is not "int".

        Raises:
            ValueError: A token is not in the vocabulary, and the model has no number for such.
        """
        rows = [[self._number(token) for token in self._tokens(text)] for text in texts]
        if self._facts["output"] == "int":
            length = self._facts["length"] or 1
            return np.array([(row + [0] * length)[:length] for row in rows], np.int32)
        counts = [
            np.bincount(np.array(row, np.int64), minlength=self._facts["length"] or 0)
            for row in rows
        ]
        table = np.array(counts, np.float32)
        return table if self._facts["output"] == "count" else np.minimum(table, 1)

    def _tokens(self, text: str) -> List[bytes]:
        data = text.encode()
        if "lower" in self._facts["standardize"]:  # TensorFlow leaves other letters as they are
            data = data.translate(bytes.maketrans(_UPPER, _LOWER))
        if "strip_punctuation" in self._facts["standardize"]:
            data = _PUNCTUATION.sub(b"", data)
        tokens = [data]
        if self._facts["split"] == "whitespace":
            tokens = data.split()
        elif self._facts["split"] == "character":
            tokens = [letter.encode() for letter in data.decode()]
        if not self._facts["ngrams"]:
            return tokens
        return [
            b" ".join(tokens[k : k + n])
            for n in self._facts["ngrams"]
            for k in range(len(tokens) - n + 1)
        ]

    def _number(self, token: bytes) -> int:
        if token in self._numbers:
            return self._numbers[token]
        if not self._facts["unknown"]:
            raise ValueError(f"'{token.decode()}' is not in the vocabulary, as it has to be.")
        return self._facts["unknown"][0]


def load_look_ups(model: Path | str) -> Mapping[str, LookUp]:
    """Return input name -> its look-up, for a `.tflite` that `edgekit convert` wrote.

    Raises:
        ValueError: One of them cannot be done here.
    """
    sidecar = Path(model).with_suffix(".json")
    facts: List[LookUpFacts] = json.loads(sidecar.read_text(encoding="utf-8"))["look_ups"]
    return {
        each["input"]: LookUp(each, _lines(sidecar.parent / each["vocabulary"])) for each in facts
    }


def _lines(path: Path) -> List[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
