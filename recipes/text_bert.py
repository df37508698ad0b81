"""Small BERT that tells whether a film review is positive: pre-trained on reviews, then fine-tuned.

Data: IMDB reviews (Maas et al. 2011), their repetitions removed; `tiny` uses 520 that ship with
edgekit. Of each, the first and the last 64 subwords. Model: two Transformer encoder blocks (Vaswani
et al. 2017) that first learn to guess hidden subwords (Devlin et al. 2019). Score: accuracy.
Takes a CSV of your own with texts and labels.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.own_data.examples import on_examples
from edgekit.domains.text.attention_start import waves
from edgekit.domains.text.corpora import Review
from edgekit.domains.text.labelled_texts import LabelledTexts, OwnTexts, shuffled_reviews
from edgekit.domains.text.masked_language import EncoderSchedule, masked_language_model, pretrain
from edgekit.on_device.programs.sentiment import LABELS, LENGTH
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import keras

VOCABULARY = 8192
EMBEDDING, WIDTH, INNER, HEADS, BLOCKS = 64, 128, 256, 4, 2
LOOKS = ((-1, 1.0), (1, 1.0), (0, 0.15), None)
"""Where the heads look at first: one position back, one ahead, around, and nowhere."""
HEIGHT = 41.0
"""Of that start: what is looked for gets half of the weight, as scores are divided by sqrt(32)."""
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
    # With 5 epochs the scores stay near a half, where an int8 file's first choice is chance.
    "tiny": EncoderSchedule(epochs=10, batch_size=32, peak_rate=1e-3),
    "full": EncoderSchedule(epochs=3, batch_size=64, peak_rate=1e-3),
}
ALONE = {
    "tiny": EncoderSchedule(epochs=10, batch_size=32, peak_rate=1e-3),
    "full": EncoderSchedule(epochs=4, batch_size=64, peak_rate=1e-3),
}
"""Of the network without pre-training, which has more to learn."""
OWN_SEEN: dict[Size, int] = {"tiny": 2_000, "full": 60_000}
"""Of a user's texts pre-training sees as many in all, where these are few; 20 epochs at most."""


# Data: reviews in random order; pre-training reads the training split only.


def _reviews(split: Split, size: Size) -> tuple[Review, ...]:
    shuffled = shuffled_reviews(size)
    train = NUM_TEST[size] + NUM_VALIDATION[size]
    return {
        "test": shuffled[: NUM_TEST[size]],
        "validation": shuffled[NUM_TEST[size] : train],
        "train": shuffled[train:],
        "calibration": shuffled[train : train + NUM_CALIBRATION],
    }[split]


REVIEWS = LabelledTexts(of_split=_reviews, vocabulary=VOCABULARY, every=4)
"""Every fourth training review holds all subwords that are frequent."""

data, texts, assets = REVIEWS.data, REVIEWS.pieces, REVIEWS.assets


# Model: BERT's encoder. In place of a [CLS] piece, which would need far more training to gather as
# much, the mean and the maximum of its vectors are classified. ReLU replaces GELU: it is cheaper,
# and exact in int8.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(len(LABELS))


def network(num_labels: int) -> keras.Model:
    """Return the untrained network."""
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
    scores = keras.layers.Dense(num_labels, activation="softmax", name="scores")(x)
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
    return train_on(REVIEWS, model, size, progress, PRE_TRAINING[size], FINE_TUNING[size])


def train_on(
    corpus: LabelledTexts,
    model: keras.Model,
    size: Size,
    progress: Progress,
    pre_training: EncoderSchedule,
    fine_tuning: EncoderSchedule,
) -> keras.Model:
    """Pre-train and fine-tune on any texts and return the model."""
    import keras

    encoder = keras.Model(model.input, model.get_layer("encoded").output)
    pretrain(
        masked_language_model(encoder, EMBEDDING),
        model.get_layer("pieces").embeddings,
        corpus.pieces("train", size),
        schedule=pre_training,
        progress=lambda fraction, doing: progress(0.7 * fraction, doing),
    )
    return fine_tune(
        model,
        corpus.data("train", size).head(NUM_LABELS),
        lambda fraction, doing: progress(0.7 + 0.3 * fraction, doing),
        schedule=fine_tuning,
    )


def fine_tune(
    model: keras.Model, examples: Dataset, progress: Progress, *, schedule: EncoderSchedule
) -> keras.Model:
    """Teach the model the labels of texts and return it."""
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
    examples = data("train", size).head(NUM_LABELS)
    model = fine_tune(build(size), examples, progress, schedule=ALONE[size])
    return score(runner(model), data("test", size))


# Score: the share of reviews whose higher score is the right label.


def score(run: Run, dataset: Dataset) -> float:
    """Return accuracy in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


def with_data(given: Path) -> Recipe:
    """Return the recipe on a user's texts; labels, subwords and splits follow them."""
    own = OwnTexts(given)

    corpus = own.corpus(VOCABULARY)

    def train_own(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        count = len(own.examples.chosen("train", size))
        pre_training = PRE_TRAINING[size].for_few(count, OWN_SEEN[size])
        fine_tuning = FINE_TUNING[size].for_few(count, OWN_SEEN[size] // 2)
        return train_on(corpus, model, size, progress, pre_training, fine_tuning)

    return replace(
        on_examples(
            recipe,
            own.examples,
            inputs=recipe.signature.inputs,
            data=corpus.data,
            build=lambda size: network(len(own.examples.label_names)),
            train=train_own,
            assets=corpus.assets,
        ),
        program=Program(name="sentiment", example=(own.example(),)),
    )


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(name="tokens", shape=(1, LENGTH), dtype="int32", meaning="subwords, 0 pads"),
        ),
        outputs=(Tensor(name="scores", shape=(1, 2), meaning="probability of each label"),),
        labels=LABELS,
    ),
    metric=Metric(name="accuracy", unit="%", is_share=True),
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
    with_data=with_data,
    num_emulated=50,
)
