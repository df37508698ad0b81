"""Say what a picture shows and where, with the models of this bundle.

    python3 detect.py --variant int8 --out drawn picture.jpg

What kind of detector the models are, and all that has to be known of it, lies in `detector.json`.
The network looks at the whole picture: it is made smaller, keeps its proportions, and what it does
not cover is grey; `letterbox` in `on_device/vision/letterbox.py` has the rule.
"""

from __future__ import annotations

import argparse
import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Callable, Mapping, Sequence

import numpy as np

from ..answering import Answer, Models, Program, Steps
from ..arrays import Array, Batch, Run
from ..footage import PICTURES
from ..vision.boxes import unpadded
from ..vision.drawing import Drawing
from ..vision.grid_cells import KIND as GRID_CELLS
from ..vision.grid_cells import drive as drive_grid_cells
from ..vision.grid_cells import from_facts as grid_cells
from ..vision.letterbox import letterbox, letterboxed, to_picture
from ..vision.regions import KIND as REGIONS
from ..vision.regions import drive as drive_regions
from ..vision.regions import from_facts as regions
from ..vision.word_tree import KIND as WORD_TREE
from ..vision.word_tree import drive as drive_word_tree
from ..vision.word_tree import from_facts as word_tree

FACTS = "detector.json"
IMAGE = "image"
"""What a detector's loop takes, and the networks that look at the whole picture."""

Drive = Callable[[Mapping[str, Run]], Run]
"""Of the models by name: a function of `image` that gives `boxes`, `labels` and `scores`."""

KINDS: Mapping[str, Callable[[Mapping[str, object]], Drive]] = {
    GRID_CELLS: lambda facts: drive_grid_cells(grid_cells(facts)),
    REGIONS: lambda facts: drive_regions(regions(facts)),
    WORD_TREE: lambda facts: drive_word_tree(word_tree(facts)),
}
"""What `detector.json` calls a kind of detector -> the function that makes its loop of it."""

SURE = 0.4
"""Score that a box has at least, if the user names no other."""


def to_json(shape: Sequence[int], facts: Mapping[str, object]) -> str:
    """Return the content of `detector.json`.

    Args:
        shape: Height, width and channels of the picture that the network takes.
        facts: `kind` says which detector it is; the rest is for its loop.
    """
    return json.dumps({"shape": list(shape), **facts}, indent=1)


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Say what is in a picture, the surest first: score, label, left, top, right and bottom."""
    facts = _read(models.folder)
    fitted, placement = letterbox(picture, facts["shape"])  # type: ignore[arg-type]
    found = KINDS[str(facts["kind"])](facts)(models.runs)({IMAGE: fitted[np.newaxis]})
    moved = {**found, "boxes": to_picture(found["boxes"], placement)}
    drawn = drawing(picture, moved, models.labels, least_score=options.least_score)
    boxes = np.zeros((0, 4)) if drawn.boxes is None else drawn.boxes
    lines = [
        f"{caption}  {'  '.join(f'{edge:.0f}' for edge in box)}"
        for caption, box in zip(drawn.captions, boxes)
    ]
    return Answer(lines or ["nothing found"], drawn)


def drawing(picture: Array, found: Batch, labels: Sequence[str], *, least_score: float) -> Drawing:
    """Return a picture with the boxes that were found in it.

    Args:
        picture: `(height, width, 1 or 3)`, in whose pixels the boxes are.
        found: `boxes (1, most, 4)`, `labels (1, most)` and `scores (1, most)`.
        labels: Names of the classes.
        least_score: Boxes of less are left out.
    """
    seen = unpadded(found, 0)
    sure = seen.scores >= least_score
    kinds = [int(label) for label in seen.labels[sure]]
    captions = [f"{score:.2f} {labels[k]}" for k, score in zip(kinds, seen.scores[sure])]
    return Drawing(picture=picture, boxes=seen.boxes[sure], captions=captions, kinds=kinds)


def steps(models: Models) -> Steps:
    """Describe what is done with a picture, and how boxes are read from what the networks say."""
    facts = dict(_read(models.folder))
    shape = facts.pop("shape")
    return Steps(
        before=letterboxed(IMAGE, shape),  # type: ignore[arg-type]
        after={"kind": "boxes", "decoder": facts, "least_score": SURE},
    )


def _read(folder: Path) -> Mapping[str, object]:
    try:
        facts = dict(json.loads((folder / FACTS).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"'{folder}' has no {FACTS} that can be read; take the file that came with the models."
        ) from error
    if facts.get("kind") not in KINDS:
        raise ValueError(
            f"{FACTS} describes a detector of the kind '{facts.get('kind')}', and this program "
            f"knows {', '.join(KINDS)}; take the file that came with the models."
        )
    return facts


def _score(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text}; give a number from 0 to 1")
    return value


def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--least-score", type=_score, default=SURE, help=f"how sure a box must be; {SURE} if not"
    )


program = Program(
    answer,
    takes=PICTURES,
    description="Say what is in a picture and where, the surest first: the score, the name, and "
    "the left, top, right and bottom edges in pixels. The whole picture is fitted into the "
    "network's, with grey around it.",
    example="picture.jpg",
    options=_options,
    draws=True,
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
