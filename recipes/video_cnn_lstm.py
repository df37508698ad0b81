"""CNN and LSTM that read a number of one to four digits, signed by a hand in a clip.

Data: clips of 32 frames, composed of the photos of Sign Language Digits (Mavi 2020), each of one
signer's: the hand rises, holds each digit, turns into the next, and sinks; it drifts, some frames
are blurred or covered (`edgekit/domains/signs/clips.py`). Signers of the test are in no other
split. Model: a CNN for each frame and long short-term memory over time, trained with CTC (Graves et
al. 2006), which is told the number and not when each digit is signed. It runs as two files:
`picture` looks at a frame, `step` remembers, so a clip may have any length. Score: share of the
numbers that are wholly right. The same CNN, frame by frame, is the baseline.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.parallel import part
from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.coupled_lstm import keep_coupled, make_lasting, single_step
from edgekit.domains.learning.ctc import ctc_loss
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.signs import clips, numbers
from edgekit.domains.signs.photos import DIGITS, SOURCE, of_split
from edgekit.on_device.programs.read_clip import PICTURE, STEP, read

if TYPE_CHECKING:
    import keras

SYMBOLS = ("nothing", *DIGITS)
FEATURES, STATE = 64, 96
"""Numbers that the CNN tells of a frame, and that the LSTM remembers."""

LASTING = 2.0
"""Initial bias of the forget gates: they keep 88 % at each step, so a digit lasts some frames."""

EPOCHS: dict[str, dict[Size, int]] = {
    "frames": {"tiny": 20, "full": 75},
    "shown": {"tiny": 60, "full": 12},
    "order": {"tiny": 10, "full": 10},
    "clips": {"tiny": 0, "full": 20},
}
"""Of the CNN on frames; of the LSTM, on what the CNN tells, told first what each frame shows and
then the numbers alone; and of both on clips."""

COMPOSED: dict[Size, int] = {"tiny": 25, "full": 250}
"""Clips composed anew for an epoch of the last training; for the second, once, 8 times as many."""


# Data: clips, and the numbers that they show.


def data(split: Split, size: Size) -> Dataset:
    """Return clips `(n, 32, 64, 64, 1)`, float32 in 0..1, and numbers `(n, 4)`.

    A number is 1 + each digit in turn, then 0.
    """
    found = clips.clips_of(split, size)
    return Dataset(inputs={"clip": _floats(found.frames)}, targets=found.numbers)


def _floats(frames: Array) -> Array:
    return np.asarray(frames / np.float32(255))


EXAMPLE = "clip.npy"


def assets(size: Size) -> dict[str, bytes]:
    """Return a test clip as a file to try a bundle with."""
    content = io.BytesIO()
    np.save(content, clips.clips_of("test", "tiny").frames[1])
    return {EXAMPLE: content.getvalue()}


# Model: 64x64 -> 32x32 -> 16x16 -> 8x8 -> 4x4; what is seen is averaged, and where is told apart: a
# digit that is signed twice looks the same in another place.

_convolution = partial(convolution, momentum=0.95)


def build(size: Size) -> keras.Model:
    """Return the untrained network of a whole clip; it is the same for every size."""
    import keras

    clip = keras.Input((clips.FRAMES, *clips.PICTURE), name="clip")
    frames = keras.ops.reshape(clip, (-1, *clips.PICTURE))
    features = keras.ops.reshape(picture_network()(frames), (-1, clips.FRAMES, FEATURES))
    memory = keras.layers.LSTM(STATE, return_sequences=True, name="memory")
    hidden = memory(features)
    make_lasting(memory, LASTING)
    hidden = keras.layers.Dropout(0.3, name="dropped")(hidden)
    scores = keras.layers.Dense(len(SYMBOLS), activation="softmax", name="scores")(hidden)
    return keras.Model(clip, scores, name="video_cnn_lstm")


def picture_network() -> keras.Model:
    """Return the untrained CNN of a frame."""
    import keras

    picture = keras.Input(clips.PICTURE, name="picture")
    x = _convolution(picture, 16, kernel=5, stride=2)
    for filters in (32, 64, 96):
        x = _convolution(x, filters, stride=2)
        x = _convolution(x, filters)
    what = keras.layers.GlobalAveragePooling2D()(x)
    where = keras.layers.Flatten()(_convolution(x, 2, kernel=1))
    x = keras.layers.Dropout(0.2)(keras.layers.Concatenate()([what, where]))
    features = keras.layers.Dense(FEATURES, activation="relu", name="features")(x)
    return keras.Model(picture, features, name=PICTURE)


# Training: first the CNN learns what single frames show; then the LSTM learns to read what the CNN
# tells of whole clips, and at last both together. With CTC alone, the LSTM soon answers `nothing`
# everywhere and stays there; so it is first told what each frame shows.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on clips of the training split's signers and return the model."""
    picture = model.get_layer(PICTURE)
    learn_frames(picture, size, part(progress, 0.0, 0.4))
    learn_order(model, size, part(progress, 0.4, 0.5))
    learn_clips(model, size, part(progress, 0.5, 1.0))
    return model


def learn_frames(picture: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train the CNN on single frames; return it as a classifier of frames."""
    import keras

    hidden = keras.layers.Dropout(0.2)(picture.output)
    scores = keras.layers.Dense(len(SYMBOLS), activation="softmax", name="shown")(hidden)
    classifier = keras.Model(picture.input, scores)
    photos, epochs, random = of_split("train", size), EPOCHS["frames"][size], _random()
    steps = epochs * len(photos.digits) // 26
    classifier.compile(adamw(3e-3, steps), "sparse_categorical_crossentropy", jit_compile=False)
    for epoch in range(1, epochs + 1):
        frames, shown = clips.frames_of(photos, random)
        loss = _fit(classifier, _floats(frames), shown, 32)
        progress(epoch / epochs, f"frames {epoch}/{epochs}, loss {loss:.3f}")
    return classifier


def learn_order(model: keras.Model, size: Size, progress: Progress) -> None:
    """Train the LSTM and the scores on what the CNN tells of clips."""
    import keras

    found = clips.composed(of_split("train", size), 8 * COMPOSED[size], _random())
    layers = [model.get_layer(name) for name in ("memory", "dropped", "scores")]
    reader = keras.Sequential([keras.Input((clips.FRAMES, FEATURES)), *layers])
    picture = model.get_layer(PICTURE)
    told = np.stack([picture.predict_on_batch(_floats(frames)) for frames in found.frames])
    for stage, rate, loss, targets in (
        ("shown", 5e-3, "sparse_categorical_crossentropy", found.shown),
        ("order", 1e-3, ctc_loss, found.numbers),
    ):
        epochs = EPOCHS[stage][size]
        reader.compile(adamw(rate, epochs * -(-len(told) // 32)), loss, jit_compile=False)
        for epoch in range(1, epochs + 1):
            lost = _fit(reader, told, targets, 32, keep_coupled(layers[0]))
            done = epoch / epochs / 2 + (stage == "order") / 2
            progress(done, f"{stage} {epoch}/{epochs}, loss {lost:.3f}")


def learn_clips(model: keras.Model, size: Size, progress: Progress) -> None:
    """Train all of it."""
    epochs, count, random = EPOCHS["clips"][size], COMPOSED[size], _random()
    model.compile(adamw(1e-3, epochs * -(-count // 16) or 1), ctc_loss, jit_compile=False)
    for epoch in range(1, epochs + 1):
        found = clips.composed(of_split("train", size), count, random)
        memory = keep_coupled(model.get_layer("memory"))
        loss = _fit(model, _floats(found.frames), found.numbers, 16, memory)
        progress(epoch / epochs, f"clips {epoch}/{epochs}, loss {loss:.3f}")


def _fit(
    model: keras.Model,
    inputs: Array,
    targets: Array,
    batch_size: int,
    *callbacks: keras.callbacks.Callback,
) -> float:
    """Train for an epoch; return the loss."""
    history = model.fit(
        inputs, targets, batch_size=batch_size, verbose=0, callbacks=list(callbacks)
    )
    return float(history.history["loss"][0])


def _random() -> np.random.Generator:
    import keras

    return np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())


# Two files: a frame, and a step of the memory.


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network as the CNN and a single step of the LSTM."""
    import keras

    memory, scores = model.get_layer("memory"), model.get_layer("scores")
    step = single_step(memory, scores, given=keras.Input((FEATURES,), name="features"))
    return {PICTURE: model.get_layer(PICTURE), STEP: step}


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the function that reads whole clips."""
    return lambda batch: read(runs, batch["clip"], STATE)


# Baseline: the same CNN, and a digit counts if it is seen in several frames in a row.


def frame_by_frame(size: Size, progress: Progress) -> float:
    """Return the share of numbers that the CNN reads right frame by frame, in percent."""
    classifier = learn_frames(picture_network(), size, progress)
    return numbers.frame_by_frame(
        lambda frames: classifier.predict_on_batch(frames).argmax(axis=-1),
        data("validation", size),
        data("test", size),
    )


TOLD = Tensor(name="features", shape=(1, FEATURES), meaning="what a frame shows")
PICTURE_SIGNATURE = Signature(
    inputs=(Tensor(name="picture", shape=(1, *clips.PICTURE), meaning="grey frame, 0..1"),),
    outputs=(TOLD,),
)
STEP_SIGNATURE = Signature(
    inputs=(
        TOLD,
        Tensor(name="hidden", shape=(1, STATE), meaning="what was shown; zeros at the start"),
        Tensor(name="cell", shape=(1, STATE), meaning="what is remembered; zeros at the start"),
    ),
    outputs=(
        Tensor(name="next_cell", shape=(1, STATE), meaning="cell, for the next frame"),
        Tensor(name="next_hidden", shape=(1, STATE), meaning="hidden, for the next frame"),
        Tensor(
            name="scores", shape=(1, len(SYMBOLS)), meaning="probability that a digit ends here"
        ),
    ),
    labels=SYMBOLS,
)

recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(
                name="clip", shape=(1, clips.FRAMES, *clips.PICTURE), meaning="grey frames, 0..1"
            ),
        ),
        outputs=(
            Tensor(
                name="scores",
                shape=(1, clips.FRAMES, len(SYMBOLS)),
                meaning="probability that a digit ends at a frame",
            ),
            Tensor(
                name="symbols",
                shape=(1, clips.FRAMES),
                dtype="int32",
                meaning="1 + each digit in turn, then 0",
            ),
        ),
        labels=SYMBOLS,
    ),
    metric=Metric(name="numbers right", unit="%", is_share=True),
    baseline=("the CNN frame by frame", frame_by_frame),
    source=(
        "Graves, Fernandez, Gomez, Schmidhuber, Connectionist Temporal Classification, 2006, "
        "https://doi.org/10.1145/1143844.1143891; Hochreiter, Schmidhuber, Long Short-Term Memory, "
        "1997, https://doi.org/10.1162/neco.1997.9.8.1735; " + SOURCE
    ),
    build=build,
    data=data,
    train=train,
    score=numbers.score,
    answer_key=numbers.answer_key,
    details=numbers.details,
    show=partial(numbers.show, SYMBOLS),
    variants=("float32", "float16", "dynamic_int8", "int8"),
    parts=Parts(
        signatures={PICTURE: PICTURE_SIGNATURE, STEP: STEP_SIGNATURE}, split=split, drive=drive
    ),
    program=Program(name="read_clip", example=(EXAMPLE,)),
    assets=assets,
    num_emulated=20,
)
