"""Find people in a picture, and where the joints of each of them are.

    python3 pose.py --variant int8 picture.jpg

The network sees people who fill a third of its picture or more. So a larger picture is shown to it
whole, and then in overlapping tiles, at twice and at four times that size.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Iterator, List, Sequence, Tuple, TypedDict

import numpy as np

from ..answering import Answer, Models, Program, Steps
from ..arrays import Array, Run
from ..footage import PICTURES
from ..vision.drawing import Drawing
from ..vision.key_points import NETWORK, Decoder, distinct, drive
from ..vision.letterbox import letterbox, letterboxed
from ..vision.tiles import cut, resized, tiles_of

FACTS = "pose.json"
"""What a bundle says of its network, beside it."""

SCALES = (2, 4)
"""Sizes at which a picture is shown in tiles, in sizes of the network's picture."""


LEAST = 0.3
"""How sure a joint must be to be told, if the user names no other."""


class DecoderFacts(TypedDict):
    """As `Decoder` has them."""

    stride: int
    tree: Sequence[Sequence[int]]
    least_peak: float
    least_score: float
    radius: float
    most: int


class PoseFacts(TypedDict):
    """What `pose.json` holds."""

    joints: Sequence[str]
    bones: Sequence[Tuple[int, int]]
    decoder: DecoderFacts


def read_facts(folder: Path) -> PoseFacts:
    """Return what a bundle says of its network.

    Raises:
        OSError: There is no `pose.json` in the folder.
    """
    facts: PoseFacts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return facts


def people_in(picture: Array, run: Run, shape: Sequence[int]) -> Tuple[Array, Array]:
    """Return the people in a picture of any size, the surest first.

    Args:
        picture: `(height, width, 1 or 3)`, floats in 0..1.
        run: From `key_points.drive`: what the network makes of pictures of its own size.
        shape: Height, width and channels of those.

    Returns:
        `(n, joints, 3)`: x and y in the picture's pixels, and confidence; `(n,)`: scores.
    """
    found = [_in_whole(picture, run, shape)]
    sizes = [scale * max(shape[:2]) / max(picture.shape[:2]) for scale in SCALES]
    # No picture is enlarged: that would show the network nothing new.
    found += [_in_tiles(picture, run, shape, size) for size in sizes if size <= 1]
    people = np.concatenate([own for own, _ in found])
    scores = np.concatenate([sure for _, sure in found])
    kept = distinct(people, scores)
    return people[kept], scores[kept]


def sure(people: Array, least: float) -> Array:
    """Return people `(..., joints, 3)` with confidence 0 for joints that are less sure."""
    shown = people.copy()
    shown[..., 2] = np.where(people[..., 2] >= least, people[..., 2], 0)
    return shown


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Find everyone in a picture; joints that are less sure than asked for are left out."""
    facts = read_facts(models.folder)
    image = models.facts[NETWORK]["inputs"][0]
    run = drive(Decoder(**facts["decoder"]))(models.runs)
    people, scores = people_in(picture, run, image["shape"][1:])
    people = sure(people, options.least)
    lines = [f"{len(people)} {'person' if len(people) == 1 else 'people'}"]
    for number, (person, score) in enumerate(zip(people, scores), 1):
        lines.append(f"person {number}, {score:.2f}: x, y, how sure")
        lines += [
            f"  {name:<15}{x:7.1f}{y:7.1f}{confidence:6.2f}"
            for name, (x, y, confidence) in zip(facts["joints"], person)
            if confidence > 0
        ]
    drawing = Drawing(picture=picture, points=people, bones=facts["bones"], text=lines[0])
    return Answer(lines, drawing)


def steps(models: Models) -> Steps:
    """Describe what is done with a picture, and how people are read from what the network says."""
    image, facts = models.facts[NETWORK]["inputs"][0], read_facts(models.folder)
    shape = image["shape"][1:]
    tiles: dict[str, object] = {"scales": list(SCALES), "margin": _margin(shape)}
    return Steps(
        before=letterboxed(image["name"], shape, tiles=tiles),
        after={"kind": "key_points", **facts, "least": LEAST},
    )


def _margin(shape: Sequence[int]) -> int:
    """Return how many pixels at the edge of a tile do not count."""
    return min(shape[:2]) // 4


def _in_whole(picture: Array, run: Run, shape: Sequence[int]) -> Tuple[Array, Array]:
    """Return who is seen in the whole picture."""
    fitted, placement = letterbox(picture, shape)
    corner = (placement.left, placement.top)
    (own,) = _asked(run, fitted[np.newaxis])
    return _moved(own[0], -np.array(corner), 1 / placement.scale), own[1]


def _in_tiles(picture: Array, run: Run, shape: Sequence[int], size: float) -> Tuple[Array, Array]:
    """Return whose middle lies in the part of a tile that counts, `size` times as large."""
    height, width = (max(1, round(side * size)) for side in picture.shape[:2])
    smaller = resized(picture, height, width)
    if smaller.shape[2] != shape[2]:
        smaller = smaller.repeat(shape[2], axis=2)
    tiles = tiles_of((height, width), shape, _margin(shape))
    people: List[Array] = []
    scores: List[Array] = []
    for tile, (own, sure_of) in zip(tiles, _asked(run, cut(smaller, tiles, shape))):
        moved = own + np.array([tile.left, tile.top, 0], np.float32)
        lowest, highest = moved[..., :2].min(axis=1), moved[..., :2].max(axis=1)
        x, y = ((lowest + highest) / 2).T
        counts = (x >= tile.columns[0]) & (x < tile.columns[1])
        counts &= (y >= tile.rows[0]) & (y < tile.rows[1])
        people.append(_moved(moved[counts], np.zeros(2), 1 / size))
        scores.append(sure_of[counts])
    return np.concatenate(people), np.concatenate(scores)


def _asked(run: Run, pictures: Array) -> Iterator[Tuple[Array, Array]]:
    """Give the people found in each picture, without the padding."""
    answers = run({"image": pictures})
    for people, scores in zip(answers["people"], answers["scores"]):
        yield people[scores > 0], scores[scores > 0]


def _moved(people: Array, way: Array, scale: float) -> Array:
    places = (people[..., :2] + way) * scale
    return np.concatenate([places, people[..., 2:]], axis=-1).astype(np.float32)


def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--least", type=float, default=LEAST, help="how sure a joint must be to be told, 0 to 1"
    )


program = Program(
    answer,
    takes=PICTURES,
    description="Find people in a picture, and the joints of each: x and y in pixels, and how sure "
    "each one is. Large pictures are looked at whole and in tiles.",
    example="picture.jpg",
    options=_options,
    draws=True,
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
