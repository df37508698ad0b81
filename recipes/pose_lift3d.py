"""Residual network that lifts a person's joints from a picture into space.

Data: two motion captures of CMU and of PyMO, 17 joints, seen by random cameras; splits follow one
another in time; `tiny` uses every eighth frame, which ships with edgekit. Model: two residual
blocks of two dense layers (Martinez et al. 2017), a quarter as wide as the paper's. Score: mean
distance of a joint from where it is, in millimetres, on the camera's axes and about the hips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Batch, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import numbers_key
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.pose.motion import example_points, mirrored, seen_by_cameras
from edgekit.domains.pose.scores import mean_joint_error
from edgekit.on_device.programs.lift3d import JOINTS, views
from edgekit.on_device.vision.drawing import Drawing

if TYPE_CHECKING:
    import keras

WIDTH = 256
EPOCHS: dict[Size, int] = {"tiny": 20, "full": 45}
BATCH_SIZE = 256
PEAK_LEARNING_RATE = 8e-3
EXAMPLE = "example.csv"


def data(split: Split, size: Size) -> Dataset:
    """Return joints in pictures, `(n, 34)`, and in space, `(n, 16, 3)`, in metres."""
    return seen_by_cameras(split, size)


def assets(size: Size) -> dict[str, str]:
    """Return a file with the joints of three people in a picture, to try a bundle with."""
    return {EXAMPLE: example_points()}


# Model: a residual block keeps what it is given and adds what it makes of it. Sums that grew from
# block to block to 16, mostly below 1, lost a quarter of their accuracy in int8. So all stay within
# 6, and training adds noise to them, in place of the paper's dropout of one half: what the network
# learns is then not undone by rounding, which is seven times less.

NOISE = 0.05


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    points = keras.Input((2 * len(JOINTS),), name="points")
    x = _dense(points)
    for _ in range(2):
        x = _bounded(keras.layers.Add()([x, _dense(_dense(x))]))
    x = keras.layers.Dense(3 * (len(JOINTS) - 1))(x)
    joints = keras.layers.Reshape((len(JOINTS) - 1, 3), name="joints")(x)
    return keras.Model(points, joints, name="pose_lift3d")


def _dense(x: keras.KerasTensor) -> keras.KerasTensor:
    """Dense layer, batch normalization, ReLU6."""
    import keras

    x = keras.layers.Dense(WIDTH, use_bias=False)(x)
    return _bounded(keras.layers.BatchNormalization(momentum=0.9)(x))


def _bounded(x: keras.KerasTensor) -> keras.KerasTensor:
    import keras

    return keras.layers.GaussianNoise(NOISE)(keras.layers.ReLU(6.0)(x))


# Training: AdamW on the very score, on everyone and their mirror image.


def mean_distance(targets: Array, answers: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean distance of the joints of each example, in metres."""
    from keras import ops

    squares = ops.sum(ops.square(targets - answers), axis=-1)
    # The root of 0 has no slope; of a tenth of a millimetre, squared, it has.
    return ops.mean(ops.sqrt(squares + 1e-8), axis=-1)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split; return the model of the best epoch on the validation split."""
    examples = mirrored(data("train", size))
    steps = EPOCHS[size] * -(-len(examples) // BATCH_SIZE)
    model.compile(adamw(PEAK_LEARNING_RATE, steps), mean_distance, jit_compile=False)
    fit(
        model,
        examples,
        epochs=EPOCHS[size],
        batch_size=BATCH_SIZE,
        progress=progress,
        validation=data("validation", size),
    )
    return model


# Score: how far a joint is from where it should be.


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean distance of joints from where they are, in millimetres."""
    return 1000 * mean_joint_error(run(dataset.inputs)["joints"], dataset.target())


def linear_model(size: Size, progress: Progress) -> float:
    """Return the error of the best linear function of the same points: least squares."""
    train, test = mirrored(data("train", size)), data("test", size)

    def inputs(dataset: Dataset) -> Array:
        return np.insert(dataset.inputs["points"].astype(np.float64), 0, 1, axis=1)

    targets = train.target().reshape(len(train), -1)
    weights = np.linalg.lstsq(inputs(train), targets, rcond=None)[0]
    found = (inputs(test) @ weights).reshape(test.target().shape)
    return 1000 * mean_joint_error(found, test.target())


def show(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return each person in space, seen from three sides."""
    return [views(others) for others in answers["joints"]]


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(
                name="points",
                shape=(1, 2 * len(JOINTS)),
                meaning="x and y of each joint less the hips', as shares of their mean distance",
            ),
        ),
        outputs=(
            Tensor(
                name="joints",
                shape=(1, len(JOINTS) - 1, 3),
                meaning="of each joint but the hips: metres right, down and away from them",
            ),
        ),
        labels=JOINTS,
    ),
    metric=Metric(name="MPJPE", unit="mm", higher_is_better=False),
    baseline=("linear model", linear_model),
    source=(
        "Martinez, Hossain, Romero, Little, A simple yet effective baseline for 3d human pose "
        "estimation, 2017, https://arxiv.org/abs/1705.03098; data: "
        "https://github.com/facebookresearch/fairmotion (from http://mocap.cs.cmu.edu) and "
        "https://github.com/omimo/PyMO"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=numbers_key("joints"),
    loss=mean_distance,
    fine_tuning=FineTuning(epochs={"tiny": 4, "full": 24}),
    variants=(
        "float32",
        "float16",
        "dynamic_int8",
        "int8",
        "int16x8",
        "pruned-float32",
        "pruned-int8",
        "qat-int8",
    ),
    drop_limits={
        "float32": 0.01,
        "float16": 0.1,
        "dynamic_int8": 1.0,
        "int8": 1.0,
        "int16x8": 1.0,
        "pruned": 4.0,
        "qat": 2.0,
    },
    program=Program(name="lift3d", example=(EXAMPLE,)),
    assets=assets,
    show=show,
)
