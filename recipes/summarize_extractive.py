"""Network that picks the sentence of an abstract that sums up its paper best.

Data: SciTLDR-A (Cachola et al. 2020), abstracts of 3,229 papers with summaries of one sentence;
`tiny` uses 340 that ship with edgekit. Model: sentences become vectors by a convolution over their
subwords (Kim 2014), and a Transformer over these vectors compares them, as in BERTSum (Liu & Lapata
2019), which has a large pre-trained network in place of the convolution. Score: ROUGE-1 of the
sentence that scores best. Compared with TextRank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.summaries.choices import (
    chosen_rouge,
    sentences_key,
    show,
    text_rank_rouge,
    without_network,
)
from edgekit.domains.summaries.papers import EXAMPLE, bundle_files, papers, summary_data
from edgekit.on_device.programs.summarize import PIECES, SCORES, SENTENCES

if TYPE_CHECKING:
    import keras

EMBEDDING, FEATURES, WIDTH, INNER, HEADS = 48, 64, 64, 128, 4
DROPOUT = 0.3
RARE = 1024
"""Subwords that were merged later are all one to the network: words of a field say little of what a
sentence is good for, and are too many to learn. Among linear models that choose sentences by words
and pairs of words, one with the 730 most frequent was as good as one with 7,358."""
SHARPNESS = 12.0
"""A sentence whose ROUGE-1 is 0.1 higher is to be 3.3 times as probable."""
EPOCHS: dict[Size, int] = {"tiny": 6, "full": 12}
BATCH_SIZE: dict[Size, int] = {"tiny": 16, "full": 32}
PEAK_LEARNING_RATE = 2e-3


def data(split: Split, size: Size) -> Dataset:
    """Return `tokens` `(n, 24, 64)`, int32, and ROUGE-1 of each sentence; -1 for none."""
    return summary_data(split, size)


# Model: with so few papers, what matters are word pairs such as "we propose", how long a sentence
# is, where it stands, and what the others say.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    tokens = keras.Input((SENTENCES, PIECES), name="tokens", dtype="int32")
    is_text = keras.ops.cast(keras.ops.minimum(tokens, 1), "float32")
    x = _sentence_vectors(tokens, is_text)
    is_sentence = is_text[:, :, 0]
    x = _added(x, _attention(x, is_sentence))
    inner = keras.layers.Dense(INNER, activation="relu")(x)
    x = _added(x, keras.layers.Dropout(DROPOUT)(keras.layers.Dense(WIDTH)(inner)))
    x = keras.layers.Dropout(DROPOUT)(x)
    scores = keras.layers.Reshape((SENTENCES,))(keras.layers.Dense(1)(x))
    scores = keras.layers.Multiply(name=SCORES)([scores, is_sentence])
    return keras.Model(tokens, scores, name="summarize_extractive")


def _sentence_vectors(tokens: keras.KerasTensor, is_text: keras.KerasTensor) -> keras.KerasTensor:
    """Return a vector for each sentence, which knows where in the text it stands.

    The mean is over all 64 places, used or not: so it tells long sentences from short ones.
    """
    import keras
    from keras import layers

    ids = keras.ops.reshape(keras.ops.minimum(tokens, RARE), (-1,))  # one axis: LiteRT's GPU
    normal = keras.initializers.TruncatedNormal(stddev=0.05)
    table = layers.Embedding(RARE + 1, EMBEDDING, embeddings_initializer=normal)
    x = keras.ops.reshape(table(ids), (-1, SENTENCES, PIECES, EMBEDDING))
    x = layers.Conv2D(FEATURES, (1, 3), padding="same", activation="relu")(layers.Dropout(0.2)(x))
    x = x * keras.ops.expand_dims(is_text, -1)
    strongest, mean = (
        layers.Dropout(DROPOUT)(keras.ops.reshape(pooled, (-1, SENTENCES, FEATURES)))
        for pooled in (layers.MaxPooling2D((1, PIECES))(x), layers.AveragePooling2D((1, PIECES))(x))
    )
    # Means are small: joined with the others, they would have one scale with them in int8.
    # The bias of the first layer is a vector for each place in the text.
    placed = layers.EinsumDense("nsf,fw->nsw", (SENTENCES, WIDTH), bias_axes="sw")(strongest)
    return layers.LayerNormalization(epsilon=1e-5)(placed + layers.Dense(WIDTH)(mean))


def _attention(x: keras.KerasTensor, is_sentence: keras.KerasTensor) -> keras.KerasTensor:
    """Multi-head self-attention over sentences that ignores padding (Vaswani et al. 2017)."""
    import keras

    ops = keras.ops

    def heads() -> keras.KerasTensor:
        split = ops.reshape(keras.layers.Dense(WIDTH)(x), (-1, SENTENCES, HEADS, WIDTH // HEADS))
        return ops.transpose(split, (0, 2, 1, 3))

    query, key, value = (heads() for _ in range(3))
    fits = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * (WIDTH // HEADS) ** -0.5
    # -10 leaves padding 1 part in 20,000; the customary -1e9 would take all steps of int8.
    fits = fits + 10 * ops.reshape(is_sentence - 1, (-1, 1, 1, SENTENCES))
    mixed = ops.transpose(ops.matmul(keras.layers.Softmax()(fits), value), (0, 2, 1, 3))
    return keras.layers.Dense(WIDTH)(ops.reshape(mixed, (-1, SENTENCES, WIDTH)))


def _added(x: keras.KerasTensor, change: keras.KerasTensor) -> keras.KerasTensor:
    """Residual connection, then normalization, which gives all vectors one length for int8."""
    import keras

    return keras.layers.LayerNormalization(epsilon=1e-5)(x + change)


# Training: the probability of each sentence follows its ROUGE-1, which teaches more than which one
# is best.


def loss(rouge: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    """Return the cross-entropy of the sentences' probabilities, by ROUGE-1 and by the scores."""
    from keras import ops

    is_there = ops.cast(rouge >= 0, scores.dtype)
    wanted = ops.softmax(SHARPNESS * rouge - 1e3 * (1 - is_there))
    return -ops.sum(wanted * is_there * ops.log_softmax(scores - 1e3 * (1 - is_there)), axis=-1)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    examples = data("train", size)
    steps = EPOCHS[size] * -(-len(examples) // BATCH_SIZE[size])
    model.compile(adamw(PEAK_LEARNING_RATE, steps, weight_decay=0.01), loss)
    fit(model, examples, epochs=EPOCHS[size], batch_size=BATCH_SIZE[size], progress=progress)
    return model


# Score: ROUGE-1 of the chosen sentence.


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean ROUGE-1 (F1) of the sentence that scores best, 0..100."""
    return chosen_rouge(run(dataset.inputs)[SCORES], dataset.target())


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return what choosing without a network would give on the same papers."""
    return without_network(dataset)


def by_text_rank(size: Size, progress: Progress) -> float:
    """Return the ROUGE-1 of the sentences that TextRank chooses from the test papers."""
    return text_rank_rouge(papers("test", size))


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(
                name="tokens",
                shape=(1, SENTENCES, PIECES),
                dtype="int32",
                meaning="subwords of each sentence, 0 pads",
            ),
        ),
        outputs=(
            Tensor(
                name=SCORES,
                shape=(1, SENTENCES),
                meaning="of each sentence, higher is better; 0 for padding",
            ),
        ),
    ),
    metric=Metric(name="ROUGE-1", unit="points"),
    baseline=("TextRank", by_text_rank),
    source=(
        "Liu, Lapata, Text Summarization with Pretrained Encoders, 2019, "
        "https://arxiv.org/abs/1908.08345; "
        "Kim, Convolutional Neural Networks for Sentence Classification, 2014, "
        "https://arxiv.org/abs/1408.5882; "
        "Cachola, Lo, Cohan, Weld, TLDR: Extreme Summarization of Scientific Documents, 2020, "
        "https://arxiv.org/abs/2004.15011; "
        "Mihalcea, Tarau, TextRank, 2004, https://aclanthology.org/W04-3252"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=sentences_key,
    details=details,
    show=show,
    loss=loss,
    variants=("float32", "float16", "dynamic_int8", "int8"),  # int16x8 takes no token ids
    program=Program(name="summarize", example=(EXAMPLE,)),
    assets=bundle_files,
    num_emulated=100,
)
