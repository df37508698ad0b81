"""LSTM that names a spoken digit, in a recording or while it is spoken.

Data: the Free Spoken Digit Dataset, 3,000 recordings of six speakers (Jackson et al. 2018), with
its own test split; `tiny` uses 140 recordings that ship with edgekit. Model: one layer of long
short-term memory (Hochreiter & Schmidhuber 1997) on log-mel features, as two files: `whole` takes a
second at once, `hop` takes 20 ms and the memory, and gives the memory back. Score: top-1 accuracy,
of the worse of the two. Takes recordings of your own, a folder of WAV files a class.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.coupled_lstm import couple, make_lasting
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.own_data.examples import resized
from edgekit.domains.speech import spoken_digits
from edgekit.domains.speech.example import EXAMPLE, example_recording
from edgekit.domains.speech.own_recordings import OwnRecordings, on_recordings
from edgekit.on_device.log_mel import NUM_BANDS
from edgekit.on_device.programs.keywords import STATE, drive

if TYPE_CHECKING:
    import keras

LASTING = 3.0
"""Initial bias of the forget gates: they keep 95 % at each step, so a word lasts half a second
(Tallec, Ollivier 2018). Keras' 1, halved by `couple`, keeps it for 50 ms, and few recordings
hardly teach it to last longer."""

EPOCHS: dict[Size, int] = {"tiny": 45, "full": 30}
SCORES = Tensor(name="scores", shape=(1, 10), meaning="probability of each label")


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(len(spoken_digits.DIGITS))


def network(num_labels: int) -> keras.Model:
    """Return the untrained network."""
    import keras

    frames = keras.Input(spoken_digits.SHAPE, name="log_mel")
    memory = keras.layers.LSTM(STATE, name="memory")
    hidden = memory(frames)
    make_lasting(memory, LASTING)
    hidden = keras.layers.Dropout(0.2)(hidden)
    scores = keras.layers.Dense(num_labels, activation="softmax", name="scores")(hidden)
    return keras.Model(frames, scores, name="keywords_lstm")


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, augmented anew for every epoch, and return the model."""
    return fit(model, spoken_digits.of_split("train", size), EPOCHS[size], progress)


def fit(
    model: keras.Model, recordings: spoken_digits.Recordings, epochs: int, progress: Progress
) -> keras.Model:
    """Train on any recordings, such as those of five speakers, and return the model."""
    return spoken_digits.fit(
        model,
        recordings,
        epochs=epochs,
        peak_learning_rate=5e-3,
        progress=progress,
        after_batch=lambda: couple(model.get_layer("memory")),
    )


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network twice: as it is, and as a single step."""
    import keras

    frame = keras.Input((NUM_BANDS,), name="frame")
    hidden = keras.Input((STATE,), name="hidden")
    cell = keras.Input((STATE,), name="cell")
    from_frame = keras.layers.Dense(4 * STATE, name="heard")
    from_state = keras.layers.Dense(4 * STATE, use_bias=False, name="remembered")
    gates = keras.ops.add(from_frame(frame), from_state(hidden))
    take_in, keep, candidate, show = keras.ops.split(gates, 4, axis=-1)
    kept = keras.ops.sigmoid(keep) * cell
    taken_in = keras.ops.sigmoid(take_in) * keras.ops.tanh(candidate)
    next_cell = keras.layers.Add(name="next_cell")([kept, taken_in])
    shown = [keras.ops.sigmoid(show), keras.ops.tanh(next_cell)]
    next_hidden = keras.layers.Multiply(name="next_hidden")(shown)
    last = keras.layers.Dense(model.output_shape[-1], activation="softmax", name="scores")
    outputs = [next_cell, next_hidden, last(next_hidden)]
    hop = keras.Model([frame, hidden, cell], outputs, name="keywords_lstm_hop")
    kernel, recurrent_kernel, bias = model.get_layer("memory").get_weights()
    from_frame.set_weights([kernel, bias])
    from_state.set_weights([recurrent_kernel])
    last.set_weights(model.get_layer("scores").get_weights())
    return {"whole": model, "hop": hop}


def score(run: Run, dataset: Dataset) -> float:
    """Return top-1 accuracy in percent, at once or hop after hop, whichever is worse."""
    answers = run(dataset.inputs)
    return min(accuracy(answers[name], dataset.target()) for name in ("scores", "streamed"))


WHOLE = Signature(inputs=(spoken_digits.LOG_MEL,), outputs=(SCORES,), labels=spoken_digits.DIGITS)
HOP = Signature(
    inputs=(
        Tensor(name="frame", shape=(1, NUM_BANDS), meaning="log-mel features of 20 ms"),
        Tensor(name="hidden", shape=(1, STATE), meaning="what was shown; zeros at the start"),
        Tensor(name="cell", shape=(1, STATE), meaning="what is remembered; zeros at the start"),
    ),
    outputs=(
        Tensor(name="next_cell", shape=(1, STATE), meaning="cell, for the next hop"),
        Tensor(name="next_hidden", shape=(1, STATE), meaning="hidden, for the next hop"),
        SCORES,
    ),
    labels=spoken_digits.DIGITS,
)


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's recordings; labels and splits follow them."""
    own = OwnRecordings(folder)

    def resize(signature: Signature) -> Signature:
        outputs = (
            resized((tensor,), own.examples)[0] if tensor.name == SCORES.name else tensor
            for tensor in signature.outputs
        )
        return replace(signature, outputs=tuple(outputs), labels=own.examples.label_names)

    return replace(
        on_recordings(recipe, own, network=network, fit=fit),
        parts=Parts(
            signatures={"whole": resize(WHOLE), "hop": resize(HOP)}, split=split, drive=drive
        ),
    )


recipe = Recipe(
    signature=Signature(
        inputs=(spoken_digits.LOG_MEL,),
        outputs=(
            SCORES,
            Tensor(name="streamed", shape=(1, 10), meaning="the same, by `hop` alone"),
        ),
        labels=spoken_digits.DIGITS,
    ),
    metric=Metric(name="accuracy", unit="%", is_share=True),
    baseline=("always the same digit", 10.0),
    source=(
        "Hochreiter, Schmidhuber, Long Short-Term Memory, 1997, "
        "https://doi.org/10.1162/neco.1997.9.8.1735; Greff et al., LSTM: A Search Space Odyssey, "
        "2015, https://arxiv.org/abs/1503.04069; Tallec, Ollivier, Can recurrent neural networks "
        "warp time?, 2018, https://arxiv.org/abs/1804.11188; " + spoken_digits.SOURCE
    ),
    build=build,
    data=spoken_digits.spoken_digits,
    train=train,
    score=score,
    answer_key=labels_key(len(spoken_digits.DIGITS), ("scores", "streamed")),
    # Not int16x8: int8 loses nothing, and tflite-runtime 2.14 answers such a `hop` wrong.
    variants=("float32", "float16", "dynamic_int8", "int8"),
    parts=Parts(signatures={"whole": WHOLE, "hop": HOP}, split=split, drive=drive),
    program=Program(name="keywords", example=(EXAMPLE,)),
    assets=example_recording,
    with_data=with_data,
)
