"""Convolution and bidirectional LSTM that write down spoken digits, up to seven in turn.

Data: strings of one speaker's digits, joined from the recordings of the Free Spoken Digit Dataset
(Jackson et al. 2018) with pauses and overlaps (`edgekit/domains/speech/digit_strings.py`); those of
the test are of its own test split. Model: two convolutions make 40 ms steps of log-mel features,
long short-term memory reads them in both directions. It is trained by connectionist temporal
classification (Graves et al. 2006), which is told the digits and not when each is said; of short
strings it is told that too, before. It runs as two files: `whole` reads 6.4 s at once; `hop` is the
forward direction alone, with scores of its own: it takes 40 ms and the memory, and gives the memory
back. Score: digit error rate (edits by digits), of the worse of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.core.parallel import part
from edgekit.core.recipe import Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Size
from edgekit.domains.learning.coupled_lstm import keep_coupled, make_lasting, single_step
from edgekit.domains.learning.ctc import ctc_loss
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.speech import digit_strings, spoken_digits, transcripts
from edgekit.domains.speech.between_pauses import between_pauses
from edgekit.domains.speech.example import as_wav
from edgekit.domains.speech.transcripts import SYMBOLS
from edgekit.on_device.log_mel import NUM_BANDS
from edgekit.on_device.programs.transcribe_digits import HOP, NEW, SEEN, STATE, WHOLE, drive

if TYPE_CHECKING:
    import keras

FEATURES = 64
"""Numbers that the convolutions tell of a step."""

LASTING = 2.0
"""Initial bias of the forget gates: they keep 88 % at each step, so a digit lasts 300 ms."""


class Stage(NamedTuple):
    """A part of the training.

    Attributes:
        goal: `steps`: which digit was said at each, or `order`: the digits.
        longest: Digits of a string at most.
        frames: Of a string.
        epochs: Of `STRINGS` strings each.
    """

    goal: str
    longest: int
    frames: int
    epochs: int


STAGES: dict[Size, tuple[Stage, ...]] = {
    "tiny": (Stage("steps", 2, 96, 12), Stage("order", 3, 160, 3)),
    "full": (
        Stage("steps", 2, 96, 60),
        Stage("order", 5, 192, 100),
        Stage("order", 7, digit_strings.NUM_FRAMES, 200),
    ),
}
"""With CTC alone it soon answers `nothing` at all steps and stays there; so it is first told, of
short strings, which digit was said at each step."""

STRINGS, BATCH = 320, 32
"""Strings of an epoch, joined anew for each, and of a step."""

EXAMPLE = "digits.wav"


def assets(_size: Size) -> dict[str, bytes]:
    """Return a recording of the test split to try a bundle with."""
    return {EXAMPLE: as_wav(digit_strings.strings_of("test", "tiny").sounds[3])}


# Model: frames of 20 ms become steps of 40 ms, each of which is told by the last 140 ms; silence is
# heard before the first. So a step needs no frame that is still to come.

LAYERS = ("front", "memory", "scores", "streamed")


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    memory = keras.layers.Bidirectional(
        keras.layers.LSTM(STATE, return_sequences=True), merge_mode=None, name="memory"
    )
    scores = keras.layers.Dense(len(SYMBOLS), activation="softmax", name="scores")
    streamed = keras.layers.Dense(len(SYMBOLS), activation="softmax", name="streamed")
    layers = [front_network(), memory, scores, streamed]
    model = connect(keras.Input(digit_strings.SHAPE, name="log_mel"), layers)
    make_lasting(memory.forward_layer, LASTING)
    return model


def front_network() -> keras.Model:
    """Return the untrained convolutions: 5 frames and then each second one of 3 of these."""
    import keras

    frames = keras.Input((None, NUM_BANDS), name="frames")
    x = keras.ops.expand_dims(frames, -1)
    for filters, kernel, strides in ((24, (5, 4), (1, 2)), (32, (3, 3), (NEW, 2))):
        x = keras.layers.Conv2D(filters, kernel, strides=strides, use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    x = keras.layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)
    features = keras.layers.Dense(FEATURES, activation="relu", name="features")(x)
    return keras.Model(frames, features, name="front")


def connect(frames: keras.KerasTensor, layers: Sequence[keras.Layer]) -> keras.Model:
    """Return the network of any number of frames that consists of `LAYERS`."""
    import keras

    front, memory, scores, streamed = layers
    features = front(keras.layers.ZeroPadding1D((SEEN - NEW, 0))(frames))
    forward, backward = memory(features)
    both = keras.layers.Concatenate()([forward, backward])
    outputs = [
        scores(keras.layers.Dropout(0.2)(both)),
        streamed(keras.layers.Dropout(0.2)(forward)),
    ]
    return keras.Model(frames, outputs, name="speech_ctc")


# Training.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on strings of the training split and return the model."""
    return fit(model, spoken_digits.of_split("train", size), STAGES[size], progress)


def fit(
    model: keras.Model,
    recordings: spoken_digits.Recordings,
    stages: Sequence[Stage],
    progress: Progress,
) -> keras.Model:
    """Train on strings of any recordings, such as those of five speakers, and return the model."""
    import keras

    rng = np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())
    reader = connect(keras.Input((None, NUM_BANDS)), [model.get_layer(name) for name in LAYERS])
    done = np.cumsum([0, *(stage.epochs * stage.frames for stage in stages)])
    for stage, start, end in zip(stages, done, done[1:], strict=False):
        tell = part(progress, start / done[-1], end / done[-1], f"{stage.goal} ")
        _learn(reader, recordings, stage, rng, tell)
    return model


def _learn(
    reader: keras.Model,
    recordings: spoken_digits.Recordings,
    stage: Stage,
    rng: np.random.Generator,
    progress: Progress,
) -> None:
    loss = ctc_loss if stage.goal == "order" else "sparse_categorical_crossentropy"
    steps = stage.epochs * STRINGS // BATCH
    reader.compile(adamw(5e-3, steps), [loss, loss], jit_compile=False)
    coupled = keep_coupled(reader.get_layer("memory").forward_layer)
    for epoch in range(1, stage.epochs + 1):
        strings = digit_strings.composed(
            recordings, STRINGS, rng, longest=stage.longest, frames=stage.frames, varied=True
        )
        targets = strings.digits if stage.goal == "order" else strings.said
        history = reader.fit(
            digit_strings.features(strings.sounds),
            [targets, targets],
            batch_size=BATCH,
            verbose=0,
            callbacks=[coupled],
        ).history
        progress(epoch / stage.epochs, f"{epoch}/{stage.epochs}, loss {history['loss'][0]:.3f}")


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network as what reads at once, and a single step of what listens."""
    import keras

    front, memory, _, streamed = (model.get_layer(name) for name in LAYERS)
    frames = keras.Input((SEEN, NUM_BANDS), name="frames")
    features = keras.layers.Reshape((FEATURES,))(front(frames))
    return {
        WHOLE: keras.Model(model.input, model.outputs[0]),
        HOP: single_step(memory.forward_layer, streamed, given=frames, features=features),
    }


STEPS = digit_strings.NUM_FRAMES // NEW
SCORES = Tensor(
    name="scores", shape=(1, STEPS, len(SYMBOLS)), meaning="probability that a digit is recognized"
)
WHOLE_SIGNATURE = Signature(inputs=(digit_strings.LOG_MEL,), outputs=(SCORES,), labels=SYMBOLS)
HOP_SIGNATURE = Signature(
    inputs=(
        Tensor(name="frames", shape=(1, SEEN, NUM_BANDS), meaning="log-mel features of 140 ms"),
        Tensor(name="hidden", shape=(1, STATE), meaning="what was shown; zeros at the start"),
        Tensor(name="cell", shape=(1, STATE), meaning="what is remembered; zeros at the start"),
    ),
    outputs=(
        Tensor(name="next_cell", shape=(1, STATE), meaning="cell, for the next step"),
        Tensor(name="next_hidden", shape=(1, STATE), meaning="hidden, for the next step"),
        Tensor(name="scores", shape=(1, len(SYMBOLS)), meaning=SCORES.meaning),
    ),
    labels=SYMBOLS,
)

recipe = Recipe(
    signature=Signature(
        inputs=(digit_strings.LOG_MEL,),
        outputs=(
            SCORES,
            Tensor(name="streamed", shape=SCORES.shape, meaning="the same, by `hop` alone"),
        ),
        labels=SYMBOLS,
    ),
    metric=Metric(name="digit error rate", unit="%", higher_is_better=False),
    baseline=("pieces between pauses, named by the nearest recording", between_pauses),
    source=(
        "Graves, Fernandez, Gomez, Schmidhuber, Connectionist Temporal Classification, 2006, "
        "https://doi.org/10.1145/1143844.1143891; Graves, Schmidhuber, Framewise Phoneme "
        "Classification with Bidirectional LSTM, 2005, "
        "https://doi.org/10.1016/j.neunet.2005.06.042; Greff et al., LSTM: A Search Space Odyssey, "
        "2015, https://arxiv.org/abs/1503.04069; " + spoken_digits.SOURCE
    ),
    build=build,
    data=digit_strings.digit_strings,
    train=train,
    score=transcripts.score,
    answer_key=transcripts.answer_key,
    details=transcripts.details,
    show=transcripts.show,
    # As keywords_lstm: int16x8 of a `hop` is answered wrong by tflite-runtime 2.14, and tfmot
    # neither prunes with coupled gates nor trains LSTMs for quantization.
    variants=("float32", "float16", "dynamic_int8", "int8"),
    # Of an error rate of 0.2 %, four times that on 700 recordings: of the 20 that an emulated
    # device hears, one digit of 77 is 1.3 points.
    drop_limits={"dynamic_int8": 0.35, "int8": 0.35},
    parts=Parts(signatures={WHOLE: WHOLE_SIGNATURE, HOP: HOP_SIGNATURE}, split=split, drive=drive),
    program=Program(name="transcribe_digits", example=(EXAMPLE,)),
    assets=assets,
    num_emulated=20,
)
