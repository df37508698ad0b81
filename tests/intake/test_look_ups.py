"""Text and look-ups at a model's inputs are split off, with what an app needs to do them itself."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import convert
from edgekit.core.errors import BadData, BadInput
from edgekit.intake.look_ups.numbers import as_numbers, confirm
from edgekit.intake.look_ups.splitting import remember, split_look_ups, split_of
from edgekit.intake.look_ups.vocabulary import instruction, write_vocabularies
from edgekit.intake.model import load
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import read_arrays, read_vectors
from edgekit.source_model.reference import run_model, write_reference
from edgekit.tflite.reader import ports, read
from edgekit.tflite.sidecar import read_sidecar

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

WORDS = ["good", "bad", "film", "not", "very"]
TEXTS = np.array([f"{a} {b}, {c}!" for a in WORDS for b in WORDS for c in ("Good", "odd")])
LIBRARIES = ("keras", "tf_keras")


def reviews(library: str = "keras", **settings: Any) -> Any:
    """Texts, to which a chain of layers gives a score."""
    keras = importlib.import_module(library)
    keras.utils.set_random_seed(2)
    settings = {"output_sequence_length": 6, "vocabulary": WORDS} | settings
    return keras.Sequential(
        [
            keras.Input((1,), dtype="string", name="review"),
            keras.layers.TextVectorization(**settings),
            keras.layers.Embedding(7, 4, embeddings_initializer="normal"),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3, activation="softmax", name="mood"),
        ]
    )


def mixed(library: str = "keras") -> Any:
    """A text, a word, a listed number and a plain number; the listed number is read twice."""
    keras = importlib.import_module(library)
    keras.utils.set_random_seed(2)
    layers = keras.layers
    text = keras.Input((), dtype="string", name="text")
    word = keras.Input((1,), dtype="string", name="word")
    year = keras.Input((1,), dtype="int32", name="year")
    size = keras.Input((2,), name="size")
    counts = layers.TextVectorization(vocabulary=WORDS, output_mode="count", name="counted")(text)
    kinds = layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot", name="kind")(word)
    known = layers.IntegerLookup(vocabulary=[1999, 2024], num_oov_indices=2, name="known")(year)
    rows = layers.Flatten()(layers.Embedding(5, 3)(known))
    plain = layers.Rescaling(1 / 2000)(year)
    x = layers.Concatenate()([counts, kinds, rows, plain, size])
    outputs = {"y": layers.Dense(2, name="last")(x), "z": layers.Dense(1)(x)}
    return keras.Model({"text": text, "word": word, "year": year, "size": size}, outputs)


def examples(count: int = 40) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "text": TEXTS[:count],
        "word": random.choice(["a", "b", "c"], count),
        "year": random.choice([1999, 2024, 7, 8], (count, 1)).astype(np.int32),
        "size": random.normal(0, 1, (count, 2)).astype(np.float32),
    }


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_text_model_becomes_a_file_with_its_vocabulary(library: str, tmp_path: Path) -> None:
    import tensorflow as tf

    model = reviews(library)
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "texts.npz", anything=TEXTS)
    out = tmp_path / "out.tflite"
    if library == "keras":
        source, texts = tmp_path / "m.keras", tmp_path / "texts.npz"
        done = convert(source, out, precision="int8", calibration=texts)
    else:
        done = convert(model, out, precision="int8", calibration=TEXTS.tolist())
    assert done.verdict == "verified", done.proofs
    (port,), _ = ports(read(out))
    assert (port.name, port.dtype, port.shape) == ("review", "int32", (1, 6))
    words = (tmp_path / "out.vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert words == ["", "[UNK]", *WORDS]
    (look_up,) = read_sidecar(tmp_path / "out.json").look_ups
    assert look_up.vocabulary == "out.vocabulary.txt"
    assert (look_up.source, look_up.length, look_up.unknown) == ("review", 6, (1,))
    assert (look_up.standardize, look_up.split) == ("lower_and_strip_punctuation", "whitespace")
    (note,) = [note for note in done.notes if "vocabulary" in note]
    assert "put in lower case" in note
    assert "any other 1" in note
    assert "cut or filled with 0 to 6" in note
    inputs, outputs = read_vectors(out.with_suffix(".vectors.npz"))
    expected = [[words.index(w) if w in words else 1 for w in _split(t)] for t in TEXTS]
    padded = [row + [0] * (6 - len(row)) for row in expected]
    np.testing.assert_array_equal(inputs["review"], padded)
    answer = model(tf.constant(TEXTS[:, None]))
    np.testing.assert_allclose(outputs["mood"], answer, atol=1e-5)


def _split(text: str) -> list[str]:
    return text.lower().replace(",", "").replace("!", "").split()


@pytest.mark.parametrize("library", LIBRARIES)
def test_inputs_of_all_kinds_are_split_where_they_must(library: str, tmp_path: Path) -> None:
    model = mixed(library)
    given = examples()
    np.savez(tmp_path / "given.npz", **given)
    path = tmp_path / "m.keras"
    model.save(path)
    rest, notes = load(path, names={"text": "words"})
    assert notes == ()
    assert {t.name: (t.shape, t.dtype) for t in signature_of(rest).inputs} == {
        "words": ((1, 6), "float32"),
        "word": ((1, 3), "float32"),
        "known": ((1, 1), "int32"),
        "year": ((1, 1), "int32"),
        "size": ((1, 2), "float32"),
    }
    numbers = as_numbers(tmp_path / "given.npz", rest, tmp_path / "numbers.npz")
    write_reference(rest, tmp_path / "v.npz", calibration=numbers)
    before = read_vectors(tmp_path / "v.npz")[1]
    confirm(rest, tmp_path / "given.npz", tmp_path / "v.npz")
    after = read_vectors(tmp_path / "v.npz")[1]
    expected = model.predict({k: _objects(v) for k, v in given.items()}, verbose=0)
    for name in ("y", "z"):
        np.testing.assert_allclose(before[name], expected[name], atol=1e-4)
        np.testing.assert_allclose(after[name], expected[name], atol=1e-6)
    look_ups = write_vocabularies(rest, tmp_path / "out.tflite")
    assert [(each.input, each.vocabulary) for each in look_ups] == [
        (name, f"out.{name}.vocabulary.txt") for name in [each.input for each in look_ups]
    ]
    by_input = {each.input: each for each in look_ups}
    assert by_input["known"].unknown == (0, 1)
    assert "any other 0 to 1, chosen by the rest of a division" in instruction(by_input["known"])
    assert "how often each number occurs" in instruction(by_input["words"])
    assert (tmp_path / "out.known.vocabulary.txt").read_text().splitlines()[2:] == ["1999", "2024"]


def _objects(array: Any) -> Any:
    return np.array(array.tolist(), object) if array.dtype.kind == "U" else array


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_learned_vocabulary_is_kept(library: str, tmp_path: Path) -> None:
    keras = importlib.import_module(library)
    layer = keras.layers.TextVectorization(output_sequence_length=4, ngrams=2, split="character")
    layer.adapt(TEXTS)
    text = keras.Input((), dtype="string", name="text")
    model = keras.Model(text, keras.layers.Embedding(400, 2)(layer(text)))
    model.save(tmp_path / "m.keras")
    rest, _ = load(tmp_path / "m.keras")
    (look_up,) = write_vocabularies(rest, tmp_path / "out.tflite")
    tokens = (tmp_path / "out.vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert tokens == layer.get_vocabulary()
    assert look_up.ngrams == (1, 2)
    assert "cut into characters" in instruction(look_up)


def test_a_free_length_gets_a_size(tmp_path: Path) -> None:
    reviews(output_sequence_length=None).save(tmp_path / "m.keras")
    rest, _ = load(tmp_path / "m.keras")
    with pytest.raises(BadInput, match="--shape review=1,SIZE"):
        signature_of(rest)
    rest, _ = load(tmp_path / "m.keras", shapes={"review": (1, 4)})
    np.savez(tmp_path / "texts.npz", review=TEXTS)
    numbers = read_arrays(as_numbers(tmp_path / "texts.npz", rest, tmp_path / "n.npz"))["review"]
    assert numbers.shape == (50, 4)
    assert (numbers[:, 3] == 0).all()
    run_model(rest, {"review": numbers})


def test_hashes_are_left_to_the_app() -> None:
    import keras

    word = keras.Input((1,), dtype="string", name="word")
    hashed = keras.layers.Hashing(10, mask_value="", salt=[3, 4])(word)
    rest, split = split_look_ups(keras.Model(word, keras.layers.Embedding(10, 2)(hashed)))
    assert split is not None
    assert [t.dtype for t in signature_of(rest).inputs] == ["int32"]


def test_hashes_have_no_vocabulary(tmp_path: Path) -> None:
    import keras

    word = keras.Input((1,), dtype="string", name="word")
    hashed = keras.layers.Hashing(10, mask_value="")(word)
    keras.Model(word, keras.layers.Embedding(10, 2)(hashed)).save(tmp_path / "m.keras")
    rest, _ = load(tmp_path / "m.keras")
    (look_up,) = write_vocabularies(rest, tmp_path / "out.tflite")
    assert look_up.vocabulary == ""
    assert "FarmHash64 of the text modulo 9, after 0 for ''" in instruction(look_up)
    assert not list(tmp_path.glob("*.txt"))


def middle(keras: Any) -> Any:
    start = keras.Input((1,), dtype="int32", name="x")
    found = keras.layers.IntegerLookup(vocabulary=[1, 2], name="late")(start + 1)
    return keras.Model(start, keras.layers.Embedding(4, 2)(found))


def nested(keras: Any) -> Any:
    text = keras.Input((1,), dtype="string", name="text")
    return keras.Model(text, keras.layers.Dense(1)(reviews(keras.__name__)(text)))


def reversed_(keras: Any) -> Any:
    start = keras.Input((1,), dtype="int64", name="x")
    return keras.Model(start, keras.layers.StringLookup(vocabulary=["a"], invert=True)(start))


def weighted(keras: Any) -> Any:
    text = keras.Input((), dtype="string", name="text")
    layer = keras.layers.TextVectorization(
        vocabulary=["a", "b"], idf_weights=[0.5, 0.7], output_mode="tf_idf"
    )
    return keras.Model(text, keras.layers.Dense(1)(layer(text)))


def shared(keras: Any) -> Any:
    one, other = (keras.Input((1,), dtype="string", name=name) for name in ("one", "other"))
    layer = keras.layers.StringLookup(vocabulary=["a"], name="both")
    table = keras.layers.Embedding(2, 2)
    return keras.Model([one, other], keras.layers.Add()([table(layer(one)), table(layer(other))]))


def crossed(keras: Any) -> Any:
    one, other = (keras.Input((1,), dtype="string", name=name) for name in ("one", "other"))
    found = keras.layers.HashedCrossing(9, name="crossed")((one, other))
    return keras.Model([one, other], keras.layers.Embedding(9, 2)(found))


def elsewhere(keras: Any) -> Any:
    text = keras.Input((1,), dtype="string", name="text")
    return keras.Model(text, keras.layers.Flatten(name="flat")(text))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (middle, r"Layer 'late' \(IntegerLookup\) .* in the middle of the model"),
        (nested, r"\(TextVectorization\) .* in the middle of the model"),
        (reversed_, r"turns numbers into text \(invert=True\)"),
        (weighted, r"output_mode='tf_idf'.* Use output_mode='count'"),
        (shared, r"Layer 'both' looks 2 inputs .* a layer of its own"),
        (crossed, r"Layer 'crossed' \(HashedCrossing\)"),
        (elsewhere, r"Input 'text' .* is text and goes into layer 'flat'; only TextVectorization"),
    ],
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_cannot_be_split_is_a_sentence(library: str, make: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        split_look_ups(make(importlib.import_module(library)))


def test_texts_for_a_model_of_numbers_are_a_sentence(tmp_path: Path) -> None:
    import keras

    start = keras.Input((1,), name="x")
    np.savez(tmp_path / "texts.npz", x=np.array([["a"], ["b"]]))
    model = keras.Model(start, keras.layers.Dense(2)(start))
    with pytest.raises(BadData, match=r"input 'x' holds texts; the model takes float32"):
        write_reference(model, tmp_path / "v.npz", calibration=tmp_path / "texts.npz")


def test_a_model_without_look_ups_stays_as_it_is() -> None:
    import keras

    start = keras.Input((3,), name="x")
    model = keras.Model(start, keras.layers.Dense(2)(start))
    assert split_look_ups(model) == (model, None)
    assert split_of(model) is None


def words_to_rows(library: str, **settings: Any) -> Any:
    keras = importlib.import_module(library)
    word = keras.Input((1,), dtype="string", name="word")
    layer = keras.layers.StringLookup(name="words", **settings)
    return keras.Model(word, keras.layers.Embedding(60, 2)(layer(word)))


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_h5_file_with_a_list_of_words(library: str, tmp_path: Path) -> None:
    words_to_rows(library, vocabulary=WORDS).save(tmp_path / "m.h5")
    rest, _ = load(tmp_path / "m.h5")
    write_vocabularies(rest, tmp_path / "out.tflite")
    words = (tmp_path / "out.vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert words == ["[UNK]", *WORDS]


def test_a_look_up_that_knows_nothing_is_refused(tmp_path: Path) -> None:
    rest, split = split_look_ups(words_to_rows("keras"))
    remember(rest, split, is_changed=False)
    with pytest.raises(BadInput, match=r"Layer 'words' .* has no vocabulary, so that every token"):
        write_vocabularies(rest, tmp_path / "out.tflite")


def test_a_token_with_a_line_break_is_refused(tmp_path: Path) -> None:
    words_to_rows("keras", vocabulary=["a\nb"]).save(tmp_path / "m.keras")
    rest, _ = load(tmp_path / "m.keras")
    with pytest.raises(BadInput, match="holds a line break"):
        write_vocabularies(rest, tmp_path / "out.tflite")


def test_texts_of_a_wrong_shape_are_a_sentence(tmp_path: Path) -> None:
    reviews().save(tmp_path / "m.keras")
    rest, _ = load(tmp_path / "m.keras")
    np.savez(tmp_path / "texts.npz", review=np.array([[["a"]]]))
    with pytest.raises(BadData, match=r"input 'review' has shape \(1, 1, 1\); layer"):
        as_numbers(tmp_path / "texts.npz", rest, tmp_path / "n.npz")


def test_another_programs_vocabulary_is_not_overwritten(tmp_path: Path) -> None:
    reviews().save(tmp_path / "m.keras")
    mine = tmp_path / "out.vocabulary.txt"
    mine.write_text("mine")
    with pytest.raises(BadInput, match=r"out\.vocabulary\.txt' beside it, which no earlier"):
        convert(tmp_path / "m.keras", tmp_path / "out.tflite")
    assert mine.read_text() == "mine"
    assert not (tmp_path / "out.json").exists()
