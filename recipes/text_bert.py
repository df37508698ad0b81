"""Small BERT that tells whether a film review is positive: pre-trained on reviews, then fine-tuned.

Data: IMDB reviews (Maas et al. 2011), their repetitions removed; `tiny` uses 520 that ship with
edgekit. Of each, the first and the last 64 subwords. Model: two Transformer encoder blocks (Vaswani
et al. 2017) that first learn to guess hidden subwords (Devlin et al. 2019). Score: accuracy.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.text.attention_start import waves
from edgekit.domains.text.corpora import Review, reviews
from edgekit.domains.text.masked_language import EncoderSchedule, masked_language_model, pretrain
from edgekit.domains.text.subword_training import learn_subwords
from edgekit.on_device.programs.sentiment import (
    LABELS,
    LENGTH,
    MERGES,
    fit_length,
    normalize,
    pieces,
)
from edgekit.on_device.subwords import Subwords
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import keras

VOCABULARY = 8192
EMBEDDING, WIDTH, INNER, HEADS, BLOCKS = 64, 128, 256, 4, 2
LOOKS = ((-1, 1.0), (1, 1.0), (0, 0.15), None)
"""Where the heads look at first: one position back, one ahead, around, and nowhere."""
HEIGHT = 41.0
"""Of that start: the position looked for gets half of the weight, as scores are divided by a root
of 32."""
NUM_TEST: dict[Size, int] = {"tiny": 120, "full": 2500}
NUM_VALIDATION: dict[Size, int] = {"tiny": 60, "full": 1000}
NUM_LABELS = 8000
"""Training reviews whose labels are used; the others are only read. Pre-training makes up for few
labels: with all 21,399 of them the network was as good without it, at 87.7 %."""
NUM_CALIBRATION = 200
PRE_TRAINING = {
    "tiny": EncoderSchedule(epochs=4, batch_size=32, peak_rate=2e-3),
    "full": EncoderSchedule(epochs=5, batch_size=32, peak_rate=3e-3),
}
FINE_TUNING = {
    "tiny": EncoderSchedule(epochs=5, batch_size=32, peak_rate=1e-3),
    "full": EncoderSchedule(epochs=3, batch_size=64, peak_rate=1e-3),
}
ALONE = {
    "tiny": EncoderSchedule(epochs=5, batch_size=32, peak_rate=1e-3),
    "full": EncoderSchedule(epochs=4, batch_size=64, peak_rate=1e-3),
}
"""Of the network without pre-training, which has more to learn."""


# Data: reviews in random order; pre-training reads the training split only.


def data(split: Split, size: Size) -> Dataset:
    """Return `tokens` `(n, 128)`, int32, and labels `(n,)`: 1 for a positive review."""
    tokens = np.stack([fit_length(text) for text in texts(split, size)])
    labels = np.array([review.label for review in _reviews(split, size)], np.int32)
    return Dataset(inputs={"tokens": tokens}, targets=labels)


def texts(split: Split, size: Size) -> list[Array]:
    """Return the ids of all subwords of each review of a split."""
    subwords = _subwords(size)
    return [pieces(subwords, review.text) for review in _reviews(split, size)]


def assets(size: Size) -> dict[str, str]:
    """Return the subwords' merges, by the name of the file in the bundle."""
    return {MERGES: _subwords(size).to_text()}


@lru_cache(maxsize=2)
def _subwords(size: Size) -> Subwords:
    """Learn the subwords; every fourth training review holds all that are frequent."""
    return learn_subwords(
        (normalize(review.text) for review in _reviews("train", size)[::4]), VOCABULARY
    )


def _reviews(split: Split, size: Size) -> tuple[Review, ...]:
    shuffled = _shuffled(size)
    train = NUM_TEST[size] + NUM_VALIDATION[size]
    return {
        "test": shuffled[: NUM_TEST[size]],
        "validation": shuffled[NUM_TEST[size] : train],
        "train": shuffled[train:],
        "calibration": shuffled[train : train + NUM_CALIBRATION],
    }[split]


@lru_cache(maxsize=2)
def _shuffled(size: Size) -> tuple[Review, ...]:
    """Return the reviews in random order; of those the network cannot tell apart, the first.

    Two reviews that begin and end with the same words must not be in two splits.
    """
    by_ends: dict[bytes, Review] = {}
    for review in reviews(size):
        words = normalize(review.text).split()
        ends = " ".join(words[: LENGTH // 2] + words[-(LENGTH // 2) :])
        if words:
            by_ends.setdefault(ends.encode(), review)
    every = list(by_ends.values())
    return tuple(every[index] for index in np.random.default_rng(0).permutation(len(every)))


# Model: BERT's encoder. In place of a [CLS] piece, which would need far more training to gather as
# much, the mean and the maximum of its vectors are classified. ReLU replaces GELU: it is cheaper,
# and exact in int8.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    tokens = keras.Input((LENGTH,), name="tokens", dtype="int32")
    is_text = keras.ops.cast(keras.ops.minimum(tokens, 1), "float32")
    x = _embedded(tokens)
    for _ in range(BLOCKS):
        x = _added(x, _attention(x, is_text))
        inner = keras.layers.Dense(INNER, activation="relu")(x)
        x = _added(x, keras.layers.Dense(WIDTH)(inner))
    x = keras.layers.Activation("linear", name="encoded")(x)
    visible = keras.ops.expand_dims(is_text, -1)
    strongest = keras.layers.Dense(WIDTH, activation="relu")(x) * visible
    x = keras.layers.Concatenate()(
        [
            keras.layers.GlobalAveragePooling1D()(x * visible),
            keras.layers.GlobalMaxPooling1D()(strongest),
        ]
    )
    x = keras.layers.Dropout(0.3)(x)
    scores = keras.layers.Dense(len(LABELS), activation="softmax", name="scores")(x)
    return keras.Model(tokens, scores, name="text_bert")


def _embedded(tokens: keras.KerasTensor) -> keras.KerasTensor:
    """Look pieces up, widen their vectors, and add a vector for each position.

    The small table is widened as in ALBERT (Lan et al. 2020); the bias of the widening layer holds
    the positions' vectors. Indices are flattened and a matrix product follows because of LiteRT's
    GPU accelerator: its GATHER takes one axis of indices, and an addition right after it is wrong.
    """
    import keras

    ids = keras.ops.reshape(tokens, (-1,))
    normal = keras.initializers.TruncatedNormal(stddev=0.05)
    table = keras.layers.ReversibleEmbedding(
        VOCABULARY, EMBEDDING, embeddings_initializer=normal, name="pieces"
    )
    x = keras.ops.reshape(table(ids), (-1, LENGTH, EMBEDDING))
    x = keras.layers.EinsumDense("nld,de->nle", (LENGTH, WIDTH), bias_axes="le")(x)
    return keras.layers.LayerNormalization(epsilon=1e-5)(x)


def _attention(x: keras.KerasTensor, is_text: keras.KerasTensor) -> keras.KerasTensor:
    """Multi-head self-attention that ignores padding (Vaswani et al. 2017)."""
    import keras

    ops = keras.ops
    width = WIDTH // HEADS

    def heads(vectors: keras.KerasTensor) -> keras.KerasTensor:
        return ops.transpose(ops.reshape(vectors, (-1, LENGTH, HEADS, width)), (0, 2, 1, 3))

    biases = waves(LOOKS, length=LENGTH, width=WIDTH, height=HEIGHT)
    query, key = (heads(_by_position(x, start)) for start in biases)
    fits = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * width**-0.5
    # -10 leaves padding 1 part in 20,000; the customary -1e9 would take all steps of int8.
    fits = fits + 10 * ops.reshape(is_text - 1, (-1, 1, 1, LENGTH))
    mixed = ops.matmul(keras.layers.Softmax()(fits), heads(keras.layers.Dense(WIDTH)(x)))
    mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, LENGTH, WIDTH))
    return keras.layers.Dense(WIDTH)(mixed)


def _by_position(x: keras.KerasTensor, biases: Array) -> keras.KerasTensor:
    """Return a dense layer of `x` with a bias for each position, which starts as `biases`.

    This unties positions from words, as in TUPE (Ke et al. 2021).
    """
    import keras

    layer = keras.layers.EinsumDense("nld,de->nle", (LENGTH, WIDTH), bias_axes="le")
    answer = layer(x)
    kernel, _ = layer.get_weights()
    layer.set_weights([kernel, biases])
    return answer


def _added(x: keras.KerasTensor, change: keras.KerasTensor) -> keras.KerasTensor:
    """Residual connection, then normalization: BERT's order, and what suits int8.

    All vectors then have the same length, so one scale fits them, and another their variances.
    """
    import keras

    return keras.layers.LayerNormalization(epsilon=1e-5)(x + change)


# Training: guess hidden pieces of all training reviews, then learn the labels of some.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Pre-train and fine-tune on the training split and return the model."""
    import keras

    encoder = keras.Model(model.input, model.get_layer("encoded").output)
    pretrain(
        masked_language_model(encoder, EMBEDDING),
        model.get_layer("pieces").embeddings,
        texts("train", size),
        schedule=PRE_TRAINING[size],
        progress=lambda fraction, doing: progress(0.7 * fraction, doing),
    )
    return fine_tune(
        model,
        size,
        lambda fraction, doing: progress(0.7 + 0.3 * fraction, doing),
        schedule=FINE_TUNING[size],
    )


def fine_tune(
    model: keras.Model, size: Size, progress: Progress, *, schedule: EncoderSchedule
) -> keras.Model:
    """Teach the model the labels of `NUM_LABELS` training reviews and return it."""
    examples = data("train", size).head(NUM_LABELS)
    model.compile(schedule.optimizer(len(examples)), recipe.loss)
    fit(
        model,
        examples,
        epochs=schedule.epochs,
        batch_size=schedule.batch_size,
        progress=progress,
        stage="labels",
    )
    return model


def without_pretraining(size: Size, progress: Progress) -> float:
    """Return the score of the same network when it learns the labels only."""
    model = fine_tune(build(size), size, progress, schedule=ALONE[size])
    return score(runner(model), data("test", size))


# Score: the share of reviews whose higher score is the right label.


def score(run: Run, dataset: Dataset) -> float:
    """Return accuracy in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(name="tokens", shape=(1, LENGTH), dtype="int32", meaning="subwords, 0 pads"),
        ),
        outputs=(Tensor(name="scores", shape=(1, 2), meaning="probability of each label"),),
        labels=LABELS,
    ),
    metric=Metric(name="accuracy", unit="%"),
    baseline=("the same network without pre-training", without_pretraining),
    source=(
        "Devlin, Chang, Lee, Toutanova, BERT, 2019, https://arxiv.org/abs/1810.04805; "
        "Vaswani et al., Attention Is All You Need, 2017, https://arxiv.org/abs/1706.03762; "
        "Lan et al., ALBERT, 2020, https://arxiv.org/abs/1909.11942; "
        "Ke, He, Liu, Rethinking Positional Encoding, 2021, https://arxiv.org/abs/2006.15595; "
        "Maas et al., Learning Word Vectors for Sentiment Analysis, 2011, "
        "https://aclanthology.org/P11-1015"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=labels_key(len(LABELS)),
    loss="sparse_categorical_crossentropy",
    variants=("float32", "float16", "dynamic_int8", "int8"),
    program=Program(name="sentiment", example=("a wonderful film",)),
    assets=assets,
    num_emulated=50,
)
