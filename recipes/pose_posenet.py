"""PoseNet: finds the joints of one or several people in a picture.

Data: the people in a film of pedestrians, 17 joints each as a teacher saw them (BlazePose,
Bazarevsky et al. 2020); splits follow one another in time; `tiny` uses 96 windows of the film that
ship with edgekit. Model: a small convolutional network with the outputs of PersonLab (Papandreou
et al. 2018): heat maps of joints, offsets, and ways from joint to joint, from which NumPy puts
people together. Score: PCK@0.2, the share of joints that are found within a fifth of the torso's
length of where the teacher saw them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import (
    Dataset,
    FineTuning,
    Metric,
    Parts,
    Program,
    Recipe,
    Signature,
    Tensor,
)
from edgekit.core.types import Array, Batch, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.learning.whole_loss import fit_batches
from edgekit.domains.own_data.pictures import to_ppm
from edgekit.domains.pose.part_fields import field_loss
from edgekit.domains.pose.pedestrians import MOST, SHAPE, Windows, augmented, counted, windows
from edgekit.domains.pose.scores import correct_joints, mean_skeleton, torsos
from edgekit.on_device.programs.pose import FACTS, sure
from edgekit.on_device.vision import key_points
from edgekit.on_device.vision.drawing import Drawing
from edgekit.on_device.vision.key_points import BONES, JOINTS, TREE, Decoder

if TYPE_CHECKING:
    import keras

DECODER = Decoder(stride=8, tree=TREE, least_peak=0.3, least_score=0.2, radius=12.0, most=MOST)
EPOCHS: dict[Size, int] = {"tiny": 18, "full": 60}
BATCH_SIZE: dict[Size, int] = {"tiny": 8, "full": 16}
PEAK_LEARNING_RATE = 3e-3
EXAMPLE = "example.ppm"


# Data: windows of the film.


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 160, 160, 3)`, 0 to 1, the people in them, and what to ignore."""
    found = windows(split, size)
    return Dataset(inputs=found.inputs(), targets=found.targets())


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program has to know, and a test picture of several people to try it with."""
    test = windows("test", "tiny")
    num_people = counted(test.people)[..., 2].any(axis=2).sum(axis=1)
    facts = {"joints": JOINTS, "bones": BONES, "decoder": DECODER._asdict()}
    return {EXAMPLE: to_ppm(test.images[num_people.argmax()]), FACTS: json.dumps(facts, indent=1)}


# Model: down to a thirty-second of the picture's size, where a cell sees a whole person, and up
# again to an eighth, as in a feature pyramid (Lin et al. 2017).

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    image = keras.Input(SHAPE, name="image")
    x = _convolution(image, 16, stride=2)
    x = _convolution(x, 24, stride=2)
    eighth = _block(_convolution(x, 48, stride=2))
    sixteenth = _block(_block(_convolution(eighth, 96, stride=2)))
    x = _block(_block(_convolution(sixteenth, 128, stride=2)))
    x = _convolution(_enlarged(x, sixteenth), 96)
    x = _convolution(_enlarged(x, eighth), 64)
    heat = keras.layers.Conv2D(len(JOINTS), 1)(x)
    outputs = [
        keras.layers.Activation("sigmoid", name="heatmaps")(heat),
        keras.layers.Conv2D(2 * len(JOINTS), 1, name="offsets")(x),
        keras.layers.Conv2D(2 * len(TREE), 1, name="forward")(x),
        keras.layers.Conv2D(2 * len(TREE), 1, name="backward")(x),
    ]
    return keras.Model(image, outputs, name="pose_posenet")


def _block(x: keras.KerasTensor) -> keras.KerasTensor:
    """Residual block (He et al. 2015) of one convolution."""
    import keras

    return keras.layers.Add()([x, _convolution(x, x.shape[-1])])


def _enlarged(x: keras.KerasTensor, beside: keras.KerasTensor) -> keras.KerasTensor:
    """Return twice the size of `x`, plus what was seen at that size on the way down.

    Bilinear, because Keras 3 repeats pixels by arrays of five axes, which neither the GPU
    accelerator nor the Edge TPU takes.
    """
    import keras

    x = _convolution(x, beside.shape[-1], kernel=1, relu=False)
    return keras.layers.Add()([beside, keras.layers.UpSampling2D(2, interpolation="bilinear")(x)])


# Training: AdamW on windows that are mirrored, moved, turned and lit anew every time.


def loss(
    targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Return the loss of each picture; see `field_loss`."""
    return field_loss(targets, answers, DECODER)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    examples = windows("train", size)
    epochs, steps = EPOCHS[size], len(examples) // BATCH_SIZE[size]
    fit_batches(
        {SHAPE: model},
        loss,
        _batches(examples, epochs, BATCH_SIZE[size]),
        optimizer=adamw(PEAK_LEARNING_RATE, epochs * steps),
        epochs=epochs,
        steps=steps,
        progress=progress,
    )
    return model


def _batches(examples: Windows, epochs: int, batch_size: int) -> Iterator[tuple[Array, Batch]]:
    random = np.random.default_rng(0)
    for _ in range(epochs):
        order = random.permutation(len(examples))
        # Whole batches only: for one of another size, TensorFlow would make a graph of its own.
        for start in range(0, len(order) - batch_size + 1, batch_size):
            batch = augmented(examples.only(order[start : start + batch_size]), random)
            yield batch.inputs()["image"], batch.targets()


# Score: the share of joints that are where the teacher saw them.


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network as the one file that the device needs."""
    return {key_points.NETWORK: model}


def score(run: Run, dataset: Dataset) -> float:
    """Return PCK@0.2 in percent, over all people."""
    right, there = _judged(run(dataset.inputs)["people"], dataset)
    return 100 * float(right[there].mean())


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return PCK@0.2 of pictures of one and of several people, and of some of the joints."""
    found = run(dataset.inputs)["people"]
    right, there = _judged(found, dataset)
    several = there.any(axis=2).sum(axis=1) > 1

    def share(chosen: Array) -> float:
        return 100 * float(right[chosen].mean()) if chosen.any() else float("nan")

    def only(*parts: str) -> Array:
        return np.asarray(there & np.array([name.endswith(parts) for name in JOINTS]))

    return {
        "PCK@0.2, one person, %": share(there & ~several[:, None, None]),
        "PCK@0.2, several people, %": share(there & several[:, None, None]),
        "PCK@0.2, head, %": share(only("nose", "eye", "ear")),
        "PCK@0.2, shoulders and hips, %": share(only("shoulder", "hip")),
        "PCK@0.2, elbows and knees, %": share(only("elbow", "knee")),
        "PCK@0.2, wrists and ankles, %": share(only("wrist", "ankle")),
    }


def _judged(found: Array, dataset: Dataset) -> tuple[Array, Array]:
    """Tell which joints are right and which count, both `(n, MOST, 17)`."""
    people = dataset.target("people")
    counts = counted(people)
    each = zip(found, counts, torsos(people), strict=True)
    return np.stack([correct_joints(*one) for one in each]), counts[..., 2] > 0


def mean_person(size: Size, progress: Progress) -> float:
    """Return the score of one who knows where each person is, and answers the mean skeleton."""
    train, test = data("train", size), data("test", size)
    guessed = mean_skeleton(train.target("people"), test.target("people"))
    return score(lambda _: {"people": guessed}, test)


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return a run that finds everyone, and one that finds them where they are not."""
    people = dataset.target("people")
    scores = np.asarray(people[..., 2].any(axis=2), np.float32)
    return fixed(
        {"people": people, "scores": scores},
        {"people": people + np.array([SHAPE[1], 0, 0], np.float32), "scores": scores},
    )


def show(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return the pictures with everyone's skeleton."""
    return [
        Drawing(picture=picture, points=sure(people, 0.3), bones=BONES)
        for picture, people in zip(inputs["image"], answers["people"], strict=True)
    ]


IMAGE = Tensor(name="image", shape=(1, *SHAPE), meaning="colours, 0..1")
CELLS = (1, SHAPE[0] // DECODER.stride, SHAPE[1] // DECODER.stride)
NETWORK = Signature(
    inputs=(IMAGE,),
    outputs=(
        Tensor(
            name="heatmaps",
            shape=(*CELLS, len(JOINTS)),
            meaning="how sure it is that the joint is near this cell of 8x8 pixels, 0..1",
        ),
        Tensor(
            name="offsets",
            shape=(*CELLS, 2 * len(JOINTS)),
            meaning="x and y from the cell's middle to each joint near it, in cells",
        ),
        Tensor(
            name="forward",
            shape=(*CELLS, 2 * len(TREE)),
            meaning="x and y from there to the next joint on the way from the nose, in cells",
        ),
        Tensor(
            name="backward",
            shape=(*CELLS, 2 * len(TREE)),
            meaning="x and y from there to the joint before, in cells",
        ),
    ),
    labels=JOINTS,
)

recipe = Recipe(
    signature=Signature(
        inputs=(IMAGE,),
        outputs=(
            Tensor(
                name="people",
                shape=(1, MOST, len(JOINTS), 3),
                meaning="x and y in pixels and confidence of each joint; zeros for nobody",
            ),
            Tensor(name="scores", shape=(1, MOST), meaning="how sure each person is, 0..1"),
        ),
        labels=JOINTS,
    ),
    metric=Metric(name="PCK@0.2", unit="%"),
    baseline=("the mean skeleton, put where each person is", mean_person),
    source=(
        "Papandreou, Zhu, Chen, Gidaris, Tompson, Murphy, PersonLab, 2018, "
        "https://arxiv.org/abs/1803.08225; teacher: Bazarevsky et al., BlazePose, 2020, "
        "https://arxiv.org/abs/2006.10204; Lin et al., Feature Pyramid Networks, 2017, "
        "https://arxiv.org/abs/1612.03144; data: https://github.com/opencv/opencv"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    details=details,
    show=show,
    answer_key=answer_key,
    loss=loss,
    fine_tuning=FineTuning(epochs={"tiny": 4, "full": 8}, batch_size=16, learning_rate=5e-4),
    variants=("float32", "float16", "dynamic_int8", "int8", "pruned-int8", "qat-int8"),
    drop_limits={"int8": 2.0, "dynamic_int8": 2.0, "pruned": 3.0, "qat": 2.0},
    parts=Parts(
        signatures={key_points.NETWORK: NETWORK}, split=split, drive=key_points.drive(DECODER)
    ),
    program=Program(name="pose", example=(EXAMPLE,)),
    assets=assets,
    num_emulated=40,
)
