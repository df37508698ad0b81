"""Say what the one thing in a picture is and where, with the models of this bundle.

    python3 localize.py --variant int8 picture.jpg

The network looks at the whole picture: it is made smaller, keeps its proportions, and what it does
not cover is grey; `letterbox` in `on_device/vision/letterbox.py` has the rule.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Mapping, Sequence

import numpy as np

from ..answering import Answer, Models, Program, Steps
from ..arrays import Array, Batch, Run
from ..footage import PICTURES
from ..vision.boxes import clipped
from ..vision.drawing import Drawing
from ..vision.letterbox import letterbox, letterboxed, to_picture

NETWORK = "network"
"""Name of the only part: it votes at each position of a grid over the picture."""


def positions(rows: int, columns: int, stride: float) -> Array:
    """Return the middles of a grid's cells, x and y in pixels, `(rows * columns, 2)`, float32."""
    y, x = np.mgrid[:rows, :columns].reshape(2, -1)
    return np.asarray((np.stack([x, y], axis=1) + 0.5) * stride, np.float32)


def merged(votes: Batch, shape: Sequence[int]) -> Batch:
    """Return the one box and the probabilities that all positions vote for.

    Args:
        votes: For each position `where (n, rows, columns, 1)`, the logit of how much its vote
            counts; `box (n, rows, columns, 4)`, how far the edges lie to its left, above it, to its
            right and below it, in cells; `scores (n, rows, columns, labels)`, logits.
        shape: Height and width of the network's picture.

    Returns:
        `box (n, 4)`, in pixels of the network's picture, and `scores (n, labels)`, float32.

    Source: Sermanet et al., OverFeat, 2014, https://arxiv.org/abs/1312.6229: a class and a box at
        each position, which are merged; here as their mean, weighted by a softmax.
    """
    count, rows, columns, _ = votes["where"].shape
    stride = shape[0] / rows
    weights = _softmax(votes["where"].reshape(count, -1))[..., np.newaxis]
    ways = votes["box"].reshape(count, -1, 4) * stride
    middles = positions(rows, columns, stride)
    boxes = np.concatenate([middles - ways[..., :2], middles + ways[..., 2:]], axis=-1)
    scores = votes["scores"].reshape(count, rows * columns, -1)
    return {
        "box": clipped((weights * boxes).sum(axis=1), shape[1], shape[0]).astype(np.float32),
        "scores": _softmax((weights * scores).sum(axis=1)).astype(np.float32),
    }


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the network and the merging of its votes as one function: `image` in, one box out."""

    def run(batch: Batch) -> Batch:
        return merged(runs[NETWORK](batch), batch["image"].shape[1:3])

    return run


def drawing(picture: Array, box: Array, scores: Array, labels: Sequence[str]) -> Drawing:
    """Return a picture with its box `(4,)` and the label of the highest of scores `(labels,)`."""
    best = int(scores.argmax())
    caption = f"{labels[best]} {scores[best]:.2f}"
    return Drawing(picture=picture, boxes=box[np.newaxis], captions=[caption], kinds=[best])


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Say what a picture shows, how sure that is, and left, top, right and bottom in pixels."""
    fitted, placement = letterbox(picture, models.facts[NETWORK]["inputs"][0]["shape"][1:])
    found = drive(models.runs)({"image": fitted[np.newaxis]})
    box, scores = to_picture(found["box"], placement)[0], found["scores"][0]
    corners = "  ".join(f"{edge:.0f}" for edge in box)
    best = int(scores.argmax())
    lines = [f"{scores[best]:.3f}  {models.labels[best]}  {corners}"]
    return Answer(lines, drawing(picture, box, scores, models.labels))


def steps(models: Models) -> Steps:
    """Describe what is done with a picture; `merged` here says how the box comes about."""
    image = models.facts[NETWORK]["inputs"][0]
    return Steps(letterboxed(image["name"], image["shape"][1:]), {"kind": "one_box"})


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


program = Program(
    answer,
    takes=PICTURES,
    description="Say what the one thing in a picture is and where: how sure, its name, and the "
    "left, top, right and bottom edges in pixels. The whole picture is fitted into the network's, "
    "with grey around it.",
    example="picture.jpg",
    draws=True,
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
