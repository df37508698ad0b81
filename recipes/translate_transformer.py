"""Encoder-decoder Transformer that translates English Bible verses into Spanish.

Data: 12,544 verses of at most 20 words, World English Bible and Reina-Valera of 1909; `tiny` uses
2,150 that ship with edgekit. Model: attention and dense layers only (Vaswani et al. 2017), two
blocks on each side. Where the paper normalizes after each addition, the sum is clipped to -1..1: a
mean and a variance lose most of their bits in int8, while clipping is part of the addition and
keeps its rounding at 1/255, whatever is added. What is added, and a tenth of the attention scores,
are clipped too. On the device `encode` runs once and `step` once per subword, with the keys and
values of what was said before in a cache. Score: BLEU of greedy decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size
from edgekit.domains.learning.int8_rounding import round_dense, round_tables
from edgekit.domains.learning.optimizers import muon
from edgekit.domains.text.attention_start import waves
from edgekit.domains.translation import verses
from edgekit.domains.translation.teacher_forcing import TranslatorSchedule, train_translator
from edgekit.domains.translation.word_by_word import word_by_word
from edgekit.on_device.programs.translate import (
    SCORE_RANGE,
    SOURCE_LENGTH,
    TARGET_LENGTH,
    translate,
)
from edgekit.on_device.subwords import PADDING

if TYPE_CHECKING:
    import keras
    from keras import KerasTensor

    Find = Callable[[str], keras.Layer]
    KeysAndValues = tuple[KerasTensor, KerasTensor]

WIDTH, HEADS, HIDDEN, BLOCKS = 192, 4, 512, 2
DROPOUT = 0.1
SCHEDULES: dict[Size, tuple[TranslatorSchedule, ...]] = {
    "tiny": (TranslatorSchedule(epochs=1, batch_size=64, learning_rate=2e-3),),
    "full": (
        TranslatorSchedule(epochs=12, batch_size=64, learning_rate=3e-3),
        TranslatorSchedule(
            epochs=3, batch_size=64, learning_rate=1e-3, smoothing=0.0, bootstrap=0.3, beam=4
        ),
        TranslatorSchedule(
            epochs=3, batch_size=64, learning_rate=5e-4, smoothing=0.0, bootstrap=0.6
        ),
    ),
}
LOOKS = {
    "english": ((-1, 1.0), (1, 1.0), (0, 0.15), None),
    "spanish": ((-1, 1.0), (-2, 1.0), (0, 0.15), None),
    "cross": ((0, 0.15), (1, 0.15), None, None),
}
"""Where the heads look at first: at neighbours; across languages, at about the same position."""
HEIGHT = 5.0
HIGHEST = 10.0
"""Attention scores are clipped to -10..10, which int8 resolves in steps of 0.08. The lowest masks
what may not be looked at; the customary -1e9 would leave the others no steps at all."""

# Model: each block adds to the stream that flows through it. Training and the step of decoding are
# the same functions on the same layers; `find` gives the layer of a name.


def build(size: Size) -> keras.Model:
    """Return the untrained network of training: (source, said before) -> scores, at any size."""
    return network(None)


def network(length: int | None) -> keras.Model:
    """Return the network for sources of a length, or of any."""
    import keras
    from keras import ops

    find = lru_cache(maxsize=None)(_new_layer)
    source = keras.Input((length,), dtype="int32", name="source")
    seen = find("seen")(ops.cast(ops.not_equal(source, PADDING), "float32"))
    source_position = ops.cumsum(ops.ones_like(source), axis=1) - 1
    x = _dropped(find("english_pieces")(source))
    for block in range(BLOCKS):
        own = f"english_{block}_self"
        memory = _keys_and_values(find, own, x, source_position)
        x = _added(x, _attended(find, own, x, source_position, memory, seen))
        x = _added(x, _fed_forward(find, f"english_{block}", x))

    said = keras.Input((None,), dtype="int32", name="said")
    position = ops.cumsum(ops.ones_like(said), axis=1) - 1
    before = ops.cast(position[:, None, :, None] >= position[:, None, None, :], "float32")
    y = _dropped(find("spanish_pieces")(said))
    for block in range(BLOCKS):
        own, other = (f"spanish_{block}_{kind}" for kind in ("self", "cross"))
        memory = _keys_and_values(find, own, y, position)
        y = _added(y, _attended(find, own, y, position, memory, before))
        memory = _keys_and_values(find, other, x, source_position)
        y = _added(y, _attended(find, other, y, position, memory, seen))
        y = _added(y, _fed_forward(find, f"spanish_{block}", y))
    scores = find("answer")(y)
    return keras.Model([source, said], scores, name="translate_transformer")


def _new_layer(name: str) -> keras.Layer:
    """Return a new layer; the last word of its name says which, most are dense ones."""
    from keras import initializers, layers

    # The paper divides scores by the root of their size; here smaller first weights do.
    small = initializers.VarianceScaling(HEADS / WIDTH, "fan_avg", "uniform")
    wide = initializers.RandomNormal(stddev=0.3)
    looks = LOOKS.get("cross" if "cross" in name else name.partition("_")[0], (None,))
    starts = [[start] for start in waves(looks, length=SOURCE_LENGTH, width=WIDTH, height=HEIGHT)]
    return {
        "pieces": lambda: layers.Embedding(verses.NUM_PIECES, WIDTH, wide, name=name),
        "looks": lambda: layers.Embedding(SOURCE_LENGTH, WIDTH, weights=starts[0], name=name),
        "stands": lambda: layers.Embedding(SOURCE_LENGTH, WIDTH, weights=starts[1], name=name),
        "seen": lambda: layers.Reshape((1, 1, -1), name=name),
        "query": lambda: layers.Dense(WIDTH, kernel_initializer=small, name=name),
        "keys": lambda: layers.Add(name=name),
        "hidden": lambda: layers.Dense(HIDDEN, "relu", name=name),
        "merged": lambda: layers.Dense(WIDTH, "hard_tanh", name=name),
        "back": lambda: layers.Dense(WIDTH, "hard_tanh", name=name),
        "answer": lambda: layers.Dense(verses.NUM_PIECES, name=name),
    }.get(name.rpartition("_")[2], lambda: layers.Dense(WIDTH, name=name))()


def _added(x: KerasTensor, change: KerasTensor) -> KerasTensor:
    """Return the stream plus what a block adds, clipped to -1..1."""
    from keras import ops

    return ops.hard_tanh(x + change)


def _keys_and_values(find: Find, name: str, x: KerasTensor, at: KerasTensor) -> KeysAndValues:
    """Return what attention compares and what it gives, both `(batch, time, WIDTH)`."""
    both = [find(f"{name}_compared")(x), find(f"{name}_stands")(at)]
    return find(f"{name}_keys")(both), find(f"{name}_values")(x)


def _attended(
    find: Find, name: str, x: KerasTensor, at: KerasTensor, memory: KeysAndValues, seen: KerasTensor
) -> KerasTensor:
    """Return what attention from `x`, at positions `at`, gives of the values where `seen` is 1."""
    from keras import layers, ops

    def heads(tensor: KerasTensor) -> KerasTensor:
        split_up = layers.Reshape((tensor.shape[1] or -1, HEADS, WIDTH // HEADS))(tensor)
        return ops.transpose(split_up, (0, 2, 1, 3))

    query = heads(find(f"{name}_query")(x) + find(f"{name}_looks")(at))
    keys, values = map(heads, memory)
    scores = ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2)))
    # Clipped once, so that subtracting 2 takes what may not be looked at to -1 or less; then again.
    scores = ops.hard_tanh(ops.hard_tanh(scores / HIGHEST) + 2.0 * (seen - 1.0))
    weights = ops.softmax(scores * HIGHEST) * seen
    mixed = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))
    return _dropped(find(f"{name}_merged")(layers.Reshape((x.shape[1] or -1, WIDTH))(mixed)))


def _fed_forward(find: Find, name: str, x: KerasTensor) -> KerasTensor:
    """Return what two dense layers make of each position of the stream."""
    return _dropped(find(f"{name}_back")(find(f"{name}_hidden")(x)))


def _dropped(x: KerasTensor) -> KerasTensor:
    from keras import layers

    return layers.Dropout(DROPOUT)(x)


# Training: the decoder is given the right beginning of each verse, and says the next subword.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, round the weights to those of int8, and return the model."""
    from keras import layers

    train_translator(
        model,
        size,
        progress,
        schedules=SCHEDULES[size],
        split=split,
        drive=drive,
        optimizer=partial(muon, weight_decay=1e-2, exclude=("answer",)),
    )
    round_dense([layer for layer in model.layers if isinstance(layer, layers.Dense)])
    round_tables([layer for layer in model.layers if isinstance(layer, layers.Embedding)])
    return model


# Parts: the encoder with the decoder's keys and values for it; one step of the decoder, with its
# own keys and values in caches that the loop fills.


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return `encode` and `step`, on the layers of the trained model."""
    import keras

    fixed = network(SOURCE_LENGTH)
    fixed.set_weights(model.get_weights())
    outputs = [fixed.get_layer(tensor.name).output for tensor in MEMORY]
    encode = keras.Model(fixed.inputs[0], outputs, name="encode")
    return {"encode": encode, "step": _step(model.get_layer)}


def _step(find: Find) -> keras.Model:
    """Return the decoder for one subword, which looks at the caches and at its own row."""
    import keras
    from keras import layers

    given = {
        tensor.name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
        for tensor in (*TOKEN, *CACHES, *MEMORY)
    }
    filled = layers.Embedding(TARGET_LENGTH, TARGET_LENGTH, weights=[_filled()], name="filled")
    before = layers.Reshape((1, 1, TARGET_LENGTH))(filled(given["position"]))
    y = _dropped(find("spanish_pieces")(given["token"]))
    rows = []
    for block in range(BLOCKS):
        own, other = (f"spanish_{block}_{kind}" for kind in ("self", "cross"))
        new = _keys_and_values(find, own, y, given["position"])
        both = []
        for kind, row in zip(("keys", "values"), new, strict=True):
            name = f"said_{block}_{kind}"
            rows.append(layers.Reshape((WIDTH,), name=f"new_{name}")(row))
            both.append(layers.Concatenate(axis=1)([given[name], row]))
        y = _added(y, _attended(find, own, y, given["position"], (both[0], both[1]), before))
        memory = given[f"{other}_keys"], given[f"{other}_values"]
        y = _added(y, _attended(find, other, y, given["position"], memory, given["seen"]))
        y = _added(y, _fed_forward(find, f"spanish_{block}", y))
    answer = layers.Reshape((verses.NUM_PIECES,))(find("answer")(y))
    # Training's penalty made scores log-probabilities: few are above 0, and most far below.
    scores = layers.ReLU(6.0, name="scores")(answer + SCORE_RANGE)
    return keras.Model(list(given.values()), [scores, *rows], name="step")


def _filled() -> Array:
    """Return, for each position, 1 for cache rows filled by then and for the step's own row."""
    rows = np.arange(TARGET_LENGTH)
    return np.where((rows < rows[:, None]) | (rows == TARGET_LENGTH - 1), 1.0, 0.0)


def drive(runs: Mapping[str, Run], beam: int = 1) -> Run:
    """Return the translator: encode, then a step for each subword; a beam of 1 is greedy."""
    caches = {tensor.name: tensor.shape[1:] for tensor in CACHES}
    return lambda batch: {"tokens": translate(runs, batch["source"], caches=caches, beam=beam)}


TOKEN = (
    Tensor(name="token", shape=(1, 1), dtype="int32", meaning="the last Spanish subword"),
    Tensor(name="position", shape=(1, 1), dtype="int32", meaning="how many were said before it"),
)
CACHES = tuple(
    Tensor(name=f"said_{block}_{kind}", shape=(1, TARGET_LENGTH - 1, WIDTH))
    for block in range(BLOCKS)
    for kind in ("keys", "values")
)
MEMORY = (
    *(
        Tensor(name=f"spanish_{block}_cross_{kind}", shape=(1, SOURCE_LENGTH, WIDTH))
        for block in range(BLOCKS)
        for kind in ("keys", "values")
    ),
    Tensor(name="seen", shape=(1, 1, 1, SOURCE_LENGTH), meaning="1 for a subword, 0 for padding"),
)
ROWS = tuple(Tensor(name=f"new_{tensor.name}", shape=(1, WIDTH)) for tensor in CACHES)

recipe = Recipe(
    signature=verses.SIGNATURE,
    metric=Metric(name="BLEU"),
    baseline=("word by word", word_by_word),
    source=(
        "Vaswani et al., Attention Is All You Need, 2017, https://arxiv.org/abs/1706.03762; "
        "Brown, Della Pietra, Della Pietra, Mercer, The Mathematics of Statistical Machine "
        "Translation, 1993, https://aclanthology.org/J93-2003"
    ),
    build=build,
    data=verses.translation_data,
    train=train,
    score=verses.score_bleu,
    answer_key=verses.answer_key,
    drop_limits={"float32": 0.1, "float16": 0.2, "dynamic_int8": 0.5, "int8": 1.0},  # of 22
    parts=Parts(
        signatures={
            "encode": Signature(inputs=verses.SIGNATURE.inputs, outputs=MEMORY),
            "step": Signature(inputs=(*TOKEN, *CACHES, *MEMORY), outputs=(verses.SCORES, *ROWS)),
        },
        split=split,
        drive=drive,
    ),
    variants=("float32", "float16", "dynamic_int8", "int8"),
    program=Program(name="translate", example=("In the beginning God created the heavens.",)),
    assets=verses.assets,
    num_emulated=20,
)
