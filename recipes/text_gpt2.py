"""Causal Transformer that continues a text word by word, with a key and value cache.

Data: English Bible verses and film reviews (`edgekit.domains.text.corpora`), 2.9 million words and
marks; `tiny` uses the sample that ships with edgekit. Model: GPT-2's (Radford et al. 2019) at a
size for small boards, with words in place of word pieces. Three things differ so that int8 hurts
little: root mean square normalization without gain (it could be folded into the next layer anyway),
GELU by a sigmoid, and scores cut off `FLOOR` below the likely ones. Score: perplexity per token.

The device runs one step per token: it gets the keys and values of the words before, and gives those
of this one. `edgekit/on_device/programs/complete.py` keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import probabilities_key
from edgekit.domains.learning.int8_rounding import equalize
from edgekit.domains.text.language_model import (
    LanguageModelSchedule,
    shuffled_windows,
    train_language_model,
)
from edgekit.domains.text.tokens import (
    NUM_TOKENS,
    perplexity,
    sample_windows,
    stream,
    trigram_perplexity,
    vocabulary_file,
)
from edgekit.on_device.programs.complete import (
    COMPLETION,
    CONTEXT,
    HEAD_DIM,
    HEADS,
    LAYERS,
    VISIBLE,
    drive,
)

if TYPE_CHECKING:
    import keras
    from keras import KerasTensor

DIM = HEADS * HEAD_DIM
FLOOR = 13.0
"""Scores further than about this below the likely ones are cut off: int8 has 255 steps for all."""
SCHEDULES: Mapping[Size, LanguageModelSchedule] = {
    "tiny": LanguageModelSchedule(epochs=1, full_softmax_share=0.0, batch_size=8, peak_rate=6e-3),
    "full": LanguageModelSchedule(
        epochs=2, full_softmax_share=0.3, batch_size=32, peak_rate=3e-3, bootstrap=0.41
    ),
}
NUM_WINDOWS = {"train": 0, "validation": 300, "test": 300, "calibration": 16}
"""Each window is 72 calls of the step; 300 take int8 on tflite-runtime less than a minute."""


# Data: windows of the stream of tokens; each token but the first of a window is to be predicted.


def data(split: Split, size: Size) -> Dataset:
    """Return windows `(n, 65)`, int32, evenly spread over the text; they hold their own answers."""
    tokens = sample_windows(split, size, length=CONTEXT + 1, most=NUM_WINDOWS[split])
    return Dataset(inputs={"tokens": tokens}, targets=tokens[:, 1:])


# Model: the same blocks for all positions at once, in training, and for one step on the device.

Attend = Callable[[int, "KerasTensor", "KerasTensor", "KerasTensor"], "KerasTensor"]
"""`(layer, query, key, value) -> mixed values`, each `(batch, heads, positions, DIM / HEADS)`."""


def build(size: Size) -> keras.Model:
    """Return the untrained network: tokens to the logarithm of each next token's probability."""
    import keras
    from keras import ops

    tokens = keras.Input((CONTEXT + 1,), dtype="int32", name="tokens")
    positions = ops.zeros_like(tokens[:, :-1]) + ops.arange(CONTEXT)
    causal = np.tri(CONTEXT, CONTEXT + 1, k=1, dtype=bool)  # the first slot stays empty

    def attend(layer: int, query: KerasTensor, key: KerasTensor, value: KerasTensor) -> KerasTensor:
        keys, values = (ops.pad(each, ((0, 0), (0, 0), (1, 0), (0, 0))) for each in (key, value))
        scores = ops.relu(ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2))) + VISIBLE)
        return ops.matmul(ops.softmax(ops.where(causal, scores, -1e9)), values)

    scores = _network(tokens[:, :-1], positions, attend, scale=DIM**0.5)
    chosen = ops.take_along_axis(ops.log_softmax(scores), tokens[:, 1:, None], axis=-1)
    log_probabilities = keras.layers.Reshape((CONTEXT,), name="log_probabilities")(chosen)
    return keras.Model(tokens, log_probabilities, name="text_gpt2")


def _network(
    tokens: KerasTensor, positions: KerasTensor, attend: Attend, *, scale: float
) -> KerasTensor:
    """Return scores; looked-up vectors are `scale` times as large as those that make scores.

    In training one table serves both. On the device the table itself is that large, and the last
    vectors are shorter by as much: scaling what was looked up left int8 a tenth of the steps.
    """
    import keras
    from keras import ops

    words = keras.layers.ReversibleEmbedding(
        NUM_TOKENS, DIM, embeddings_initializer=_normal(DIM**-0.5), name="words"
    )
    x = words(tokens) * scale if scale != 1 else words(tokens)
    x = x + keras.layers.Embedding(
        CONTEXT, DIM, embeddings_initializer=_normal(0.1), name="positions"
    )(positions)
    for layer in range(LAYERS):
        x = x + _attention(_normalized(x), layer, attend)
        x = x + _feed_forward(_normalized(x), layer)
    x = keras.layers.Identity(name="vectors")(_normalized(x, DIM**0.5 / scale))
    return ops.relu(words(x, reverse=True) + FLOOR)


def _normal(deviation: float) -> keras.initializers.Initializer:
    import keras

    return keras.initializers.RandomNormal(stddev=deviation)


def _normalized(x: KerasTensor, shorter: float = 1.0) -> KerasTensor:
    """Divide by the root mean square (Zhang & Sennrich 2019), and by `shorter`."""
    from keras import ops

    square = ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-6
    return x * ops.rsqrt(square if shorter == 1 else square * shorter**2)


def _attention(x: KerasTensor, layer: int, attend: Attend) -> KerasTensor:
    import keras
    from keras import ops

    def heads(name: str) -> KerasTensor:
        y = keras.layers.Dense(DIM, use_bias=False, name=f"{name}_{layer}")(x)
        return ops.transpose(ops.reshape(y, (-1, x.shape[1], HEADS, DIM // HEADS)), (0, 2, 1, 3))

    query = heads("query") * (DIM // HEADS) ** -0.5
    mixed = ops.transpose(attend(layer, query, heads("key"), heads("value")), (0, 2, 1, 3))
    mixed = ops.reshape(mixed, (-1, x.shape[1], DIM))
    return keras.layers.Dense(DIM, use_bias=False, name=f"mix_{layer}")(mixed)


def _feed_forward(x: KerasTensor, layer: int) -> KerasTensor:
    import keras
    from keras import ops

    x = keras.layers.Dense(4 * DIM, name=f"up_{layer}")(x)
    x = x * ops.sigmoid(1.702 * x)  # GELU, as Hendrycks and Gimpel approximate it
    return keras.layers.Dense(DIM, name=f"down_{layer}")(x)


# Training.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    import keras

    schedule = SCHEDULES[size]
    tokens = shuffled_windows(stream("train", size), CONTEXT + 1, schedule.epochs)
    train_language_model(
        keras.Model(model.input, model.get_layer("vectors").output),
        model.get_layer("words").embeddings,
        examples=(tokens, tokens[:, 1:]),
        schedule=schedule,
        progress=progress,
    )
    for layer in range(LAYERS):
        equalize(model.get_layer(f"key_{layer}"), model.get_layer(f"query_{layer}"))
        equalize(model.get_layer(f"value_{layer}"), model.get_layer(f"mix_{layer}"), by_rows=True)
    return model


# The device runs one step.


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the step for the device, with the weights of a whole model.

    It attends to the words in its slots and, last, to its own.
    """
    import keras
    from keras import ops

    token = keras.Input((1,), dtype="int32", name="token")
    position = keras.Input((1,), dtype="int32", name="position")
    visible = keras.Input((CONTEXT + 1,), name="visible")
    slots = (LAYERS * HEADS, CONTEXT, HEAD_DIM)
    keys, values = keras.Input(slots, name="keys"), keras.Input(slots, name="values")
    new: list[tuple[KerasTensor, KerasTensor]] = []

    def attend(layer: int, query: KerasTensor, key: KerasTensor, value: KerasTensor) -> KerasTensor:
        new.append((key, value))
        of_layer = slice(layer * HEADS, (layer + 1) * HEADS)
        all_keys = ops.concatenate([keys[:, of_layer], key], axis=2)
        all_values = ops.concatenate([values[:, of_layer], value], axis=2)
        scores = ops.matmul(query, ops.transpose(all_keys, (0, 1, 3, 2)))
        shares = ops.softmax(ops.relu(scores + visible[:, None, None]))
        return ops.matmul(shares, all_values)

    scores = ops.reshape(_network(token, position, attend, scale=1.0), (-1, NUM_TOKENS))
    outputs = {
        "scores": scores,
        "key": ops.concatenate([key for key, _ in new], axis=1),
        "value": ops.concatenate([value for _, value in new], axis=1),
    }
    named = [keras.layers.Identity(name=name)(output) for name, output in outputs.items()]
    step = keras.Model([token, position, visible, keys, values], named, name="step")
    for layer in step.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    words = step.get_layer("words")
    words.set_weights([weights * DIM**0.5 for weights in words.get_weights()])
    return {"step": step}


# Score: perplexity, the same for the n-gram model on the same tokens.


def score(run: Run, dataset: Dataset) -> float:
    """Return the perplexity per token, `<end>` and `<unk>` included."""
    return perplexity(run(dataset.inputs)["log_probabilities"])


def baseline(size: Size, progress: Progress) -> float:
    """Return the perplexity of the Kneser-Ney trigram on the tokens that `score` sees."""
    progress(0.0, "counting trigrams")
    return trigram_perplexity(size, length=CONTEXT + 1, most=NUM_WINDOWS["test"])


STEP = Signature(
    inputs=(
        Tensor(name="token", shape=(1, 1), dtype="int32", meaning="the word, by its number"),
        Tensor(name="position", shape=(1, 1), dtype="int32", meaning="words before it, 0..63"),
        Tensor(
            name="visible",
            shape=(1, CONTEXT + 1),
            meaning=f"{VISIBLE:g} for slots with a word, the last too; -{VISIBLE:g} for empty ones",
        ),
        Tensor(name="keys", shape=(1, LAYERS * HEADS, CONTEXT, HEAD_DIM)),
        Tensor(name="values", shape=(1, LAYERS * HEADS, CONTEXT, HEAD_DIM)),
    ),
    outputs=(
        Tensor(name="scores", shape=(1, NUM_TOKENS), meaning="of each next word, before softmax"),
        Tensor(name="key", shape=(1, LAYERS * HEADS, 1, HEAD_DIM), meaning="for its slot"),
        Tensor(name="value", shape=(1, LAYERS * HEADS, 1, HEAD_DIM), meaning="for its slot"),
    ),
)


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(name="tokens", shape=(1, CONTEXT + 1), dtype="int32", meaning="words of a text"),
        ),
        outputs=(
            Tensor(
                name="log_probabilities",
                shape=(1, CONTEXT),
                meaning="natural logarithm, of each token but the first after those before it",
            ),
            Tensor(
                name="completion",
                shape=(1, COMPLETION),
                dtype="int32",
                meaning="most probable words after the first 32",
            ),
        ),
    ),
    metric=Metric(name="perplexity", higher_is_better=False),
    baseline=("Kneser-Ney trigram", baseline),
    source=(
        "Radford et al., Language Models are Unsupervised Multitask Learners, 2019, "
        "https://openai.com/research/better-language-models; "
        "Zhang, Sennrich, Root Mean Square Layer Normalization, 2019, "
        "https://arxiv.org/abs/1910.07467; "
        "Hendrycks, Gimpel, Gaussian Error Linear Units, 2016, https://arxiv.org/abs/1606.08415; "
        "Kneser, Ney, 1995, https://doi.org/10.1109/ICASSP.1995.479394"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=probabilities_key((CONTEXT,), NUM_TOKENS),
    drop_limits={"float32": 0.02, "float16": 0.1, "dynamic_int8": 0.25, "int8": 0.25},  # of 86
    parts=Parts(signatures={"step": STEP}, split=split, drive=drive),
    variants=("float32", "float16", "dynamic_int8", "int8"),  # int16x8 takes no token ids
    program=Program(name="complete", example=("in the beginning",)),
    assets=vocabulary_file,
    num_emulated=5,
)
