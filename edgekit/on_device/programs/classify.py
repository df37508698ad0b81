"""Name what a picture shows, with the models of this bundle.

    python3 classify.py --variant int8 picture.pgm

A picture of another size is fitted; `fit` in `on_device/pictures.py` has the rule.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Sequence

import numpy as np

from ..answering import Answer, Models, Program, Steps, at_least_one
from ..arrays import Array
from ..footage import PICTURES
from ..interpreter import LABELS
from ..pictures import described, fit
from ..vision.drawing import Drawing

MODEL = "model"
TOP = 3
"""Labels that are named, if the user asks for no other number."""


def best(scores: Array, labels: Sequence[str], count: int) -> list[tuple[str, float]]:
    """Return the labels with the highest scores, the best first, each with its score.

    Args:
        scores: One for each label.
        labels: In the order of the scores.
        count: How many to return; all if there are fewer.

    Raises:
        ValueError: There are more or fewer scores than labels.
    """
    if len(scores) != len(labels):
        raise ValueError(
            f"The model gives {len(scores)} scores, and {LABELS} has {len(labels)} labels; take "
            "the file that came with the model."
        )
    order = np.argsort(-scores, kind="stable")[:count]
    return [(labels[index], float(scores[index])) for index in order]


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Name what a picture shows, the best label first, each with its score."""
    model = models.facts[MODEL]
    image, scores = model["inputs"][0], model["outputs"][0]["name"]
    fitted = fit(picture, image["shape"][1:])
    found = models.runs[MODEL]({image["name"]: fitted[np.newaxis]})[scores][0]
    labels = models.labels or [f"class {number}" for number in range(len(found))]
    lines = [f"{score:.3f}  {label}" for label, score in best(found, labels, options.count)]
    return Answer(lines, Drawing(picture=picture, text="\n".join(lines)))


def steps(models: Models) -> Steps:
    """Describe what is done with a picture, and with the scores."""
    model = models.facts[MODEL]
    image, scores = model["inputs"][0], model["outputs"][0]["name"]
    return Steps(
        before=described(image["name"], image["shape"][1:], "cover"),
        after={"kind": "labels", "output": scores, "top": TOP},
    )


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--count", type=at_least_one, default=TOP, help="how many labels to name")


program = Program(
    answer,
    takes=PICTURES,
    description="Name what a picture shows. A picture of another size is fitted: its middle, of "
    "the network's proportions, is averaged over the area of each pixel; colours become grey where "
    "the network takes grey.",
    example="picture.pgm",
    options=_options,
    draws=True,
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
