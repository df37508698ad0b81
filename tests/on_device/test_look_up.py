"""The look-up on a device answers as the Keras layer that was split off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.records import to_json
from edgekit.intake.look_ups.splitting import Front
from edgekit.intake.look_ups.vocabulary import describe, tokens_of
from edgekit.on_device.look_up import LookUp, load_look_ups

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

TEXTS = [
    "Good film, good END!",
    "  not\tbad\u00a0at all ",
    "\u00c4RGER \u00e4rger [sic] a_b it's",
    "",
    "one-two  one two",
]


def answer(layer: Any) -> Any:
    """What the layer makes of the texts, one in a row."""
    return np.asarray(layer(np.array(TEXTS)[:, np.newaxis]))


def look_up(layer: Any) -> LookUp:
    front = Front(source="text", input="text", layer=layer, rank=1)
    facts: Any = to_json(describe(front, "text", (1, answer(layer).shape[-1])))
    facts["vocabulary"] = "v.txt"
    return LookUp(facts, tokens_of(layer))


@pytest.mark.parametrize("standardize", ["lower_and_strip_punctuation", "lower", None])
@pytest.mark.parametrize("split", ["whitespace", "character", None])
def test_rows_of_numbers(standardize: str | None, split: str | None) -> None:
    import keras

    layer = keras.layers.TextVectorization(
        standardize=standardize, split=split, output_sequence_length=7, ngrams=2 if split else None
    )
    layer.adapt(TEXTS[:4])
    np.testing.assert_array_equal(look_up(layer)(TEXTS), answer(layer))


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
@pytest.mark.parametrize("padded", [True, False])
def test_rows_of_counts(mode: str, padded: bool) -> None:
    import keras

    layer = keras.layers.TextVectorization(
        40, output_mode=mode, pad_to_max_tokens=padded, standardize="strip_punctuation"
    )
    layer.adapt(TEXTS)
    np.testing.assert_array_equal(look_up(layer)(TEXTS), answer(layer))


def test_words_without_a_number_for_the_unknown() -> None:
    import keras

    layer = keras.layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0, mask_token="")
    front = Front(source="word", input="word", layer=layer, rank=2)
    facts: Any = to_json(describe(front, "word", (1, 1)))
    facts["vocabulary"] = "v.txt"
    find = LookUp(facts, tokens_of(layer))
    np.testing.assert_array_equal(find(["b", "", "a"]), [[2], [0], [1]])
    with pytest.raises(ValueError, match="'c' is not in the vocabulary"):
        find(["c"])


def test_the_json_beside_a_file_is_enough(tmp_path: Path) -> None:
    facts = {"input": "word", "vocabulary": "m.vocabulary.txt", "standardize": "", "split": ""}
    facts |= {"ngrams": [], "output": "int", "length": None, "unknown": [0], "mask": None}  # type: ignore[dict-item]
    (tmp_path / "m.json").write_text(json.dumps({"look_ups": [facts]}))
    (tmp_path / "m.vocabulary.txt").write_text("[UNK]\na\n\u00e4\n", encoding="utf-8")
    found = load_look_ups(tmp_path / "m.tflite")
    np.testing.assert_array_equal(found["word"](["\u00e4", "x", "[UNK]"]), [[2], [0], [0]])


@pytest.mark.parametrize("change", [{"unknown": [1, 2]}, {"split": "mine"}, {"vocabulary": ""}])
def test_what_it_cannot_do_is_said(change: dict[str, Any]) -> None:
    facts: Any = {"input": "word", "vocabulary": "v", "standardize": "", "split": ""}
    facts |= {"ngrams": [], "output": "int", "length": None, "unknown": [0], "mask": None}
    with pytest.raises(ValueError, match=r"hashes its tokens|split is 'mine'"):
        LookUp(facts | change, ["a"])
