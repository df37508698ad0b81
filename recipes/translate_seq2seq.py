"""LSTM encoder-decoder with attention that translates English Bible verses into Spanish.

Data: 12,544 verses of at most 20 words from the World English Bible and the Reina-Valera of 1909;
`tiny` uses 2,150 of them that ship with edgekit. Model: a bidirectional LSTM reads, an LSTM writes
and looks back (Sutskever et al. 2014, Bahdanau et al. 2015). Attention is that of Luong et al.
2015: it comes after the LSTM, so that in training all steps are one matrix product. On the device
`encode` runs once and `step` once per subword. Score: BLEU of greedy decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size
from edgekit.domains.learning.int8_rounding import on_grid, round_dense, round_lstm
from edgekit.domains.translation import verses
from edgekit.domains.translation.teacher_forcing import (
    TranslatorSchedule,
    train_translator,
    translator,
)
from edgekit.on_device.programs.translate import SCORE_RANGE, SOURCE_LENGTH, translate
from edgekit.on_device.subwords import PADDING

if TYPE_CHECKING:
    import keras

UNITS = 192
DROPOUT = 0.1
SCHEDULES: dict[Size, tuple[TranslatorSchedule, ...]] = {
    "tiny": (TranslatorSchedule(epochs=1, batch_size=64, learning_rate=3e-3),),
    "full": (
        TranslatorSchedule(epochs=13, batch_size=64, learning_rate=3e-3),
        TranslatorSchedule(epochs=3, batch_size=64, learning_rate=1e-3),
    ),
}

GATES = {"keep": "relu6", "new": "hard_tanh", "give": "relu6"}
"""In the order of Keras' LSTM kernels; their first gate is left out, as it is 1 minus `keep`."""

DENSE = ("h", "c", "keys", "combined", "answer")
READERS = ("forward", "backward")
SHARPNESS = 0.125
"""Factor of attention scores: state and memory are within -1..1, which keeps scores in a range that
int8 resolves."""


# Model: dot products of the decoder's state with each word of the source say where to look.


def build(size: Size) -> keras.Model:
    """Return the untrained network of training: (source, said before) -> scores, at any size."""
    return network(None)


def network(length: int | None) -> keras.Model:
    """Return the network for sources of a length, or of any."""
    import keras
    from keras import layers, ops

    wide = keras.initializers.RandomNormal(stddev=0.3)
    source = keras.Input((length,), dtype="int32", name="source")
    x = layers.Embedding(verses.NUM_PIECES, UNITS, wide, name="english")(source)
    x = layers.Dropout(DROPOUT)(x)
    seen = ops.cast(ops.not_equal(source, PADDING), "float32")[..., None]
    flipped = _flipped(source)
    forward, backward = (
        layers.LSTM(UNITS // 2, return_sequences=True, name=name) for name in READERS
    )
    turned = ops.take_along_axis(backward(ops.take_along_axis(x, flipped, 1)), flipped, 1)
    read = layers.Dropout(DROPOUT)(layers.Concatenate()([forward(x), turned]))
    # At the first word the backward LSTM has read all others: Sutskever's reversed source.
    h, c = (layers.Dense(UNITS, "hard_tanh", name=name)(read[:, 0]) for name in ("h", "c"))
    # The words themselves are remembered too, since they are learned first where examples are few
    # (Nguyen, Chiang 2018). Padding is zeros, so looking at it adds nothing and needs no mask.
    keys = layers.Dense(UNITS, "hard_tanh", name="keys")(layers.Concatenate()([read, x]))
    memory = layers.Multiply(name="memory")([keys, seen])

    said = keras.Input((None,), dtype="int32", name="said")
    y = layers.Embedding(verses.NUM_PIECES, UNITS, wide, name="spanish")(said)
    writer = layers.LSTM(UNITS, "hard_tanh", "hard_sigmoid", return_sequences=True, name="writer")
    written = writer(layers.Dropout(DROPOUT)(y), initial_state=[h, c])
    _couple([forward, backward, writer])
    written = layers.Dropout(DROPOUT)(written)
    scores = ops.matmul(written, ops.transpose(memory, (0, 2, 1))) * SHARPNESS
    looked = ops.matmul(ops.softmax(scores), memory)
    both = layers.Concatenate()([looked, written])
    combined = layers.Dense(UNITS, "hard_tanh", name="combined")(both)
    scores = layers.Dense(verses.NUM_PIECES, name="answer")(layers.Dropout(DROPOUT)(combined))
    return keras.Model([source, said], scores, name="translate_seq2seq")


def _flipped(source: keras.KerasTensor) -> keras.KerasTensor:
    """Return, for each position of a source, its position when the words are reversed.

    Padding stays after the words, so that no LSTM has to read it before them. `Bidirectional` reads
    it first, over which the rounding errors of int8 added up to ten times the usual.
    """
    from keras import ops

    position = ops.cumsum(ops.ones_like(source), axis=1)
    words = ops.sum(ops.cast(ops.not_equal(source, PADDING), "int32"), axis=1, keepdims=True)
    total = ops.max(position, axis=1, keepdims=True)
    return ops.expand_dims((words - position + total) % total, -1)


# Training: the decoder is given the right beginning of each verse, and says the next subword.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, round the weights to those of int8, and return the model."""
    find = model.get_layer
    lstms = [find(name) for name in (*READERS, "writer")]
    train_translator(
        model,
        size,
        progress,
        schedules=SCHEDULES[size],
        split=split,
        drive=drive,
        after_batch=lambda: _couple(lstms),
    )
    *readers, writer = lstms
    _bound(find("english"), readers, find("keys"))
    _bound(find("spanish"), [writer])
    round_dense([find(name) for name in DENSE])
    round_lstm(readers)
    _round_gates(writer)
    return model


def _couple(lstms: Sequence[keras.layers.LSTM]) -> None:
    """Make the input gates of LSTMs 1 minus their forget gates, by weights of opposite sign.

    Cells are then averages and stay within -1..1. Uncoupled, they grew up to 29 here: int8 had
    steps of 0.2 for them, and TFLite's fused LSTM clips them at 10, in float too. Coupled gates
    translate equally well (Greff et al. 2015).
    """
    from keras import ops

    for weights in (weights for lstm in lstms for weights in lstm.trainable_variables):
        admit, keep, new, give = ops.split(weights, 4, axis=-1)
        half = (admit - keep) / 2
        weights.assign(ops.concatenate([half, -half, new, give], axis=-1))


def _bound(
    embedding: keras.layers.Embedding,
    readers: Sequence[keras.layers.LSTM],
    last: keras.layers.Dense | None = None,
) -> None:
    """Scale an embedding to a largest weight of 1, and what reads it by the inverse.

    It is concatenated with states of LSTMs, and in int8 both share one range: that of the states.
    Apart from rounding, no answer changes.

    Args:
        embedding: The layer to bound.
        readers: LSTMs that read it.
        last: A dense layer whose last rows read it.
    """
    (table,) = embedding.get_weights()
    largest = np.abs(table).max()
    embedding.set_weights([on_grid(table / largest, per_column=False)])
    for reader in readers:
        kernel, *others = reader.get_weights()
        reader.set_weights([kernel * largest, *others])
    if last:
        kernel, bias = last.get_weights()
        kernel[-UNITS:] *= largest
        last.set_weights([kernel, bias])


def _round_gates(writer: keras.layers.LSTM) -> None:
    """Round the decoder's kernels as the step has them: one dense layer for each gate."""
    kernel, recurrent, bias = writer.get_weights()
    gates = on_grid(np.concatenate([kernel, recurrent]))
    writer.set_weights([*np.split(gates, 2), bias])


def without_attention(size: Size, progress: Progress) -> float:
    """Return the BLEU of the network without attention, trained and decoded the same way."""
    model = build(size)
    keys = model.get_layer("keys")
    keys.set_weights([np.zeros_like(weights) for weights in keys.get_weights()])
    keys.trainable = False  # what attention looks at stays zero, so it adds nothing
    run = translator(split(train(model, size, progress)), drive)
    return verses.score_bleu(run, verses.translation_data("test", size))


# Parts: the encoder as it is; one step of the decoder, with its state going in and out.


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return `encode`, and `step` with the weights of the trained decoder."""
    import keras

    fixed = network(SOURCE_LENGTH)
    fixed.set_weights(model.get_weights())
    outputs = [fixed.get_layer(name).output for name in ("memory", "h", "c")]
    return {
        "encode": keras.Model(fixed.inputs[0], outputs, name="encode"),
        "step": _step(model.get_layer),
    }


def _step(find: Callable[[str], keras.Layer]) -> keras.Model:
    """Return the decoder's step, from the trained layers except the LSTM.

    Each gate of the LSTM is a dense layer of its own: in int8 each then has its own range.
    """
    import keras
    from keras import layers, ops

    token = keras.Input((1,), dtype="int32", name="token")
    h, c = (keras.Input((UNITS,), name=name) for name in ("h", "c"))
    memory = keras.Input((SOURCE_LENGTH, UNITS), name="memory")
    embedded = layers.Reshape((UNITS,))(find("spanish")(token))
    both = layers.Concatenate()([embedded, h])
    dense = {name: layers.Dense(UNITS, kind, name=name) for name, kind in GATES.items()}
    keep, new, give = (gate(both) for gate in dense.values())
    keep, give = keep / 6, give / 6
    next_c = layers.Add(name="next_c")([keep * c, (1.0 - keep) * new])
    next_h = layers.Multiply(name="next_h")([give, next_c])
    weights = ops.softmax(ops.matmul(memory, next_h[..., None]) * SHARPNESS, axis=1)
    looked = layers.Reshape((UNITS,))(ops.matmul(ops.transpose(weights, (0, 2, 1)), memory))
    combined = find("combined")(layers.Concatenate()([looked, next_h]))
    # Training's penalty made scores log-probabilities: few are above 0, and most far below.
    scores = layers.ReLU(6.0, name="scores")(find("answer")(combined) + SCORE_RANGE)
    step = keras.Model([token, h, c, memory], [scores, next_h, next_c], name="step")
    kernel, recurrent, bias = find("writer").get_weights()
    rows = np.split(np.concatenate([kernel, recurrent]), 4, axis=1)
    for gate, kernel, shift in zip(dense.values(), rows[1:], np.split(bias, 4)[1:], strict=True):
        # A hard sigmoid is `relu6(x + 3) / 6`: so written, it is a part of the dense layer in int8.
        gate.set_weights([kernel, shift if gate.name == "new" else shift + 3])
    return step


def drive(runs: Mapping[str, Run], beam: int = 1) -> Run:
    """Return the translator: encode, then a step for each subword; a beam of 1 is greedy."""
    return lambda batch: {"tokens": translate(runs, batch["source"], caches={}, beam=beam)}


SOURCE = verses.SIGNATURE.inputs
STATE = (Tensor(name="h", shape=(1, UNITS)), Tensor(name="c", shape=(1, UNITS)))
MEMORY = (Tensor(name="memory", shape=(1, SOURCE_LENGTH, UNITS), meaning="the source, to look at"),)
TOKEN = (Tensor(name="token", shape=(1, 1), dtype="int32", meaning="the last Spanish subword"),)
NEXT = tuple(Tensor(name=f"next_{tensor.name}", shape=tensor.shape) for tensor in STATE)

recipe = Recipe(
    signature=verses.SIGNATURE,
    metric=Metric(name="BLEU"),
    baseline=("the same without attention", without_attention),
    source=(
        "Sutskever, Vinyals, Le, Sequence to Sequence Learning, 2014, "
        "https://arxiv.org/abs/1409.3215; Bahdanau, Cho, Bengio, Jointly Learning to Align and "
        "Translate, 2015, https://arxiv.org/abs/1409.0473; Luong, Pham, Manning, Effective "
        "Approaches to Attention-based NMT, 2015, https://arxiv.org/abs/1508.04025; Greff et al., "
        "LSTM: A Search Space Odyssey, 2015, https://arxiv.org/abs/1503.04069; Nguyen, Chiang, "
        "Improving Lexical Choice, 2018, https://arxiv.org/abs/1710.01329"
    ),
    build=build,
    data=verses.translation_data,
    train=train,
    score=verses.score_bleu,
    answer_key=verses.answer_key,
    # Of a BLEU of 21, four times that on 385 verses; on 20 one word more or less is half a point.
    drop_limits={"float32": 0.1, "float16": 0.2, "dynamic_int8": 0.5, "int8": 1.0},
    parts=Parts(
        signatures={
            "encode": Signature(inputs=SOURCE, outputs=(*MEMORY, *STATE)),
            "step": Signature(inputs=(*TOKEN, *STATE, *MEMORY), outputs=(verses.SCORES, *NEXT)),
        },
        split=split,
        drive=drive,
    ),
    variants=("float32", "float16", "dynamic_int8", "int8"),
    program=Program(name="translate", example=("In the beginning God created the heavens.",)),
    assets=verses.assets,
    num_emulated=20,
)
