"""Restricted Boltzmann machine that makes 28x28 pictures of clothes, and repairs covered ones.

Data: Fashion-MNIST (Xiao et al. 2017) in black and white; `tiny` uses the 6,000 + 1,000 images that
ship with edgekit. Model: binary units of two layers (Hinton 2002), trained by persistent
contrastive divergence (Tieleman 2008), as two files: `reconstruct` makes a picture again from its
hidden units, and `gibbs` takes one step of a Gibbs chain, with the noise as inputs. Score: the
pseudo-log-likelihood, which is that of each pixel given all others. Compared with scikit-learn's
machine of as many units, trained for as many epochs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Batch, Progress, Run, Size, Split
from edgekit.domains.boltzmann.likelihood import Weights, log_probability
from edgekit.domains.fashion.garments import EXAMPLE, IMAGE, SHAPE, SOURCE, example, garments
from edgekit.domains.learning.answer_keys import fixed
from edgekit.on_device.pictures import to_pgm
from edgekit.on_device.programs.repair import MEAN, black_and_white, drive, is_covered
from edgekit.on_device.vision.drawing import Drawing

if TYPE_CHECKING:
    import keras

    from edgekit.domains.boltzmann.training import Schedule

NUM_PIXELS = SHAPE[0] * SHAPE[1]
NUM_HIDDEN = 256
NUM_ASKED = 8
"""Pixels of a picture whose likelihood stands for that of all."""

EPOCHS: dict[Size, int] = {"tiny": 6, "full": 10}
LEARNING_RATE: dict[Size, float] = {"tiny": 0.05, "full": 0.02}
BATCH_SIZE = 20
SEEDS: dict[Split, int] = {"train": 0, "validation": 1, "calibration": 0, "test": 2}


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 28, 28, 1)`, float32, 0 or 1, and which of their pixels are asked."""
    pictures = black_and_white(garments(split, size)[0])
    random = np.random.default_rng(SEEDS[split])
    pixels = random.integers(0, NUM_PIXELS, (len(pictures), NUM_ASKED), np.int32)
    return Dataset(inputs={"image": pictures, "pixels": pixels}, targets=pictures)


def mean_picture() -> Array:
    """Return the mean of the packaged training pictures, `(28, 28, 1)`, in 256 steps of 0..1."""
    mean: Array = np.rint(255 * data("train", "tiny").target().mean(axis=0)) / 255
    return mean.astype(np.float32)


def assets(size: Size) -> dict[str, bytes]:
    """Return a picture to try a bundle with, and the mean picture."""
    return {**example(size), MEAN: to_pgm(np.rint(255 * mean_picture()[..., 0]))}


# Model: from the picture to the probabilities of hidden units, and back by the same weights.


def build(size: Size) -> keras.Model:
    """Return the untrained machine as it reconstructs; it is the same for every size."""
    from keras import Input, Model, layers

    image = Input(SHAPE, name="image")
    hidden = layers.Dense(NUM_HIDDEN, activation="sigmoid", name="hidden")(layers.Flatten()(image))
    again = layers.Dense(NUM_PIXELS, name="again")(hidden)
    log_odds = layers.Reshape(SHAPE, name="log_odds")(again)
    made = layers.Activation("sigmoid", name="made")(log_odds)
    return Model(image, [log_odds, made], name="image_rbm")


# Training: persistent contrastive divergence. Chains that begin at the data make single pixels
# likelier, and draw worse pictures; `benchmarks/boltzmann.py` compares them.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    from edgekit.domains.boltzmann.training import train_machine

    visible = _flat(data("train", size).target())
    machine = train_machine(visible, NUM_HIDDEN, schedule(size), progress)
    return with_machine(model, Weights(*machine.get_weights()))


def schedule(size: Size) -> Schedule:
    """Return how the machine is trained."""
    from edgekit.domains.boltzmann.training import Schedule

    return Schedule(
        epochs=EPOCHS[size],
        chains="persistent",
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE[size],
        momentum=0.5,
    )


def with_machine(model: keras.Model, machine: Weights) -> keras.Model:
    """Give the model the weights of a trained machine and return it."""
    model.get_layer("hidden").set_weights([machine.kernel, machine.hidden_bias])
    model.get_layer("again").set_weights([machine.kernel.T, machine.visible_bias])
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained machine as it reconstructs, and as it takes a step of a Gibbs chain."""
    from keras import Input, Model, layers

    image = Input(SHAPE, name="image")
    hidden_noise = Input((NUM_HIDDEN,), name="hidden_noise")
    pixel_noise = Input((NUM_PIXELS,), name="pixel_noise")
    hidden = model.get_layer("hidden")(layers.Flatten()(image))
    again = layers.Dense(NUM_PIXELS, activation="sigmoid", name="probabilities")
    probabilities = again(_six_if_on(hidden, hidden_noise))
    drawn = _six_if_on(probabilities, pixel_noise) * (1 / 6)
    made = layers.Reshape(SHAPE, name="made")(probabilities)
    following = layers.Reshape(SHAPE, name="next")(drawn)
    gibbs = Model([image, hidden_noise, pixel_noise], [made, following], name="gibbs")
    kernel, bias = model.get_layer("again").get_weights()
    again.set_weights([kernel / 6, bias])
    return {"reconstruct": model, "gibbs": gibbs}


def _six_if_on(probability: keras.KerasTensor, noise: keras.KerasTensor) -> keras.KerasTensor:
    """Return 6 where noise lies below a probability, and 0 elsewhere; between within 6 millionths.

    A comparison answers with truth values, which Edge TPUs do not know. So what the probability
    exceeds the noise by is enlarged and cut at 6, twice: the factor of one step would be too large
    for float16. With larger factors tflite-runtime 2.14 dies at the scale of the int8 difference.
    """
    from keras import layers

    excess = layers.ReLU()(probability - noise)
    return layers.ReLU(6.0)(1024.0 * layers.ReLU(6.0)(1024.0 * excess))


# Score: the likelihood of single pixels, which the file is asked with everything else given.


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean pseudo-log-likelihood of a picture, in nats."""
    return pseudo_log_likelihood(run(dataset.inputs)["alone"], dataset)


def pseudo_log_likelihood(log_odds: Array, dataset: Dataset) -> float:
    """Return the mean of log-probabilities of all pixels of a picture, by those that are asked."""
    return NUM_PIXELS * float(np.mean(log_probability(log_odds, _asked(dataset))))


def details(run: Run, dataset: Dataset) -> Mapping[str, float]:
    """Return how many pixels are made again as they were, and how many repaired so."""
    answers, pictures = run(dataset.inputs), dataset.target()
    covered = np.broadcast_to(is_covered(SHAPE[0]), SHAPE)
    seen = pictures[:, covered]
    return {
        "pixels made again right, %": _right(answers["made"], pictures),
        "covered pixels repaired right, %": _right(answers["repaired"][:, covered], seen),
        "covered pixels right by the mean picture, %": _right(seen.mean(axis=0), seen),
    }


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that are sure of every pixel, and are right or wrong."""

    def answers(pictures: Array, asked: Array) -> Batch:
        return {"made": pictures, "alone": 20 * asked - 10, "repaired": pictures}

    pictures, asked = dataset.target(), _asked(dataset)
    return fixed(answers(pictures, asked), answers(1 - pictures, 1 - asked))


def scikit_learn(size: Size, progress: Progress) -> float:
    """Return the score of scikit-learn's machine, as its default settings train it."""
    from sklearn.neural_network import BernoulliRBM

    other = BernoulliRBM(NUM_HIDDEN, n_iter=EPOCHS[size], random_state=0)
    other.fit(_flat(data("train", size).target()))
    machine = Weights(other.components_.T, other.intercept_visible_, other.intercept_hidden_)
    return of_machine(machine, data("test", size))


def of_machine(machine: Weights, dataset: Dataset) -> float:
    """Return the score of a machine by its weights, with no file between."""
    visible, pixels = _flat(dataset.target()), dataset.inputs["pixels"]
    log_odds = np.stack([machine.log_odds(visible, asked) for asked in pixels.T], axis=1)
    return pseudo_log_likelihood(log_odds, dataset)


def show(inputs: Batch, answers: Batch) -> Sequence[Drawing]:
    """Return each picture, and right of it what was made of its upper half."""
    return [
        Drawing(picture=np.concatenate([given, np.clip(made, 0, 1)], axis=1))
        for given, made in zip(inputs["image"], answers["repaired"], strict=True)
    ]


def _flat(pictures: Array) -> Array:
    return pictures.reshape(len(pictures), -1)


def _asked(dataset: Dataset) -> Array:
    return np.take_along_axis(_flat(dataset.target()), dataset.inputs["pixels"], axis=1)


def _right(made: Array, wanted: Array) -> float:
    return 100 * float(np.mean(black_and_white(made) == wanted))


MADE = Tensor(name="made", shape=IMAGE.shape, meaning="probability that each pixel is 1")
recipe = Recipe(
    signature=Signature(
        inputs=(
            IMAGE,
            Tensor(name="pixels", shape=(1, NUM_ASKED), dtype="int32", meaning="numbers of pixels"),
        ),
        outputs=(
            MADE,
            Tensor(
                name="alone", shape=(1, NUM_ASKED), meaning="log-odds of each, given all others"
            ),
            Tensor(name="repaired", shape=IMAGE.shape, meaning="its lower half drawn anew, 0..1"),
        ),
    ),
    metric=Metric(name="pseudo-log-likelihood", unit="nats"),
    baseline=("scikit-learn's BernoulliRBM, as many units and epochs", scikit_learn),
    source=(
        "Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002, "
        "https://doi.org/10.1162/089976602760128018; Tieleman, Training Restricted Boltzmann "
        "Machines using Approximations to the Likelihood Gradient, 2008, "
        f"https://doi.org/10.1145/1390156.1390290; {SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    details=details,
    show=show,
    # Not int16x8: tflite-runtime 2.14 dies at the scale of the difference that `gibbs` enlarges.
    variants=("float32", "float16", "dynamic_int8", "int8"),
    drop_limits={"float32": 0.1, "float16": 0.5, "dynamic_int8": 2, "int8": 2},
    parts=Parts(
        signatures={
            "reconstruct": Signature(
                inputs=(IMAGE,),
                outputs=(
                    Tensor(name="log_odds", shape=IMAGE.shape, meaning="log-odds of each pixel"),
                    MADE,
                ),
            ),
            "gibbs": Signature(
                inputs=(
                    IMAGE,
                    Tensor(name="hidden_noise", shape=(1, NUM_HIDDEN), meaning="uniform, 0..1"),
                    Tensor(name="pixel_noise", shape=(1, NUM_PIXELS), meaning="uniform, 0..1"),
                ),
                outputs=(
                    MADE,
                    Tensor(name="next", shape=IMAGE.shape, meaning="pixels drawn anew, 0 or 1"),
                ),
            ),
        },
        split=split,
        drive=drive(NUM_HIDDEN, mean_picture),
    ),
    program=Program(name="repair", example=(EXAMPLE,)),
    assets=assets,
    num_emulated=20,
)
