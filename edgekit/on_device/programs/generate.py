"""Make new pictures of noise, with the models of this bundle.

    python3 generate.py --variant int8 --out made 7

7 is the seed: the same one gives the same noise, and so the same pictures, wherever the model runs.
Of a model that knows labels, each row of the grid has pictures of one label; those of a column are
made of the same noise. `--label` asks for one label alone.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Iterator, Mapping, Sequence, Tuple

import numpy as np

from ..answering import Answer, Kind, Models, Program, at_least_one
from ..arrays import Array, Batch, Run
from ..pictures import to_pgm
from ..vision.drawing import Drawing

ENCODER, DECODER, MODEL = "encoder", "decoder", "model"
CODE, LABEL, MADE, NOISE, SAMPLED = "code", "label", "made", "noise", "sampled"


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the function that answers what is made of a picture's code, and what of its noise."""

    def run(batch: Batch) -> Batch:
        codes, decode = runs[ENCODER](batch), runs[DECODER]
        made, sampled = (decode({CODE: code})[MADE] for code in (codes[CODE], batch[NOISE]))
        return {**codes, MADE: made, SAMPLED: sampled}

    return run


def answer(models: Models, seed: int, options: Namespace) -> Answer:
    """Draw a grid of pictures made of the noise of a seed."""
    part = DECODER if DECODER in models.facts else MODEL
    sizes = {tensor["name"]: tensor["shape"][1] for tensor in models.facts[part]["inputs"]}
    noise = next(name for name in sizes if name != LABEL)
    labels = _chosen(models.labels, options.label) if LABEL in sizes else []
    rows, columns = len(labels) or options.count, options.count
    drawn = columns if labels else rows * columns  # the rows of labels share their noise
    batch: Batch = {noise: np.random.default_rng(seed).standard_normal((drawn, sizes[noise]))}
    if labels:
        wanted = np.eye(sizes[LABEL], dtype=np.float32)[labels]
        batch = {noise: np.tile(batch[noise], (rows, 1)), LABEL: wanted.repeat(columns, axis=0)}
    batch = {name: array.astype(np.float32) for name, array in batch.items()}
    pictures = np.clip(models.runs[part](batch)[MADE], 0, 1)
    height, width = pictures.shape[1:3]
    lines = [f"{len(pictures)} pictures of {width} x {height} pixels, of seed {seed}"]
    if labels:
        lines += ["rows: " + ", ".join(models.labels[label] for label in labels)]
    picture = grid(pictures, columns)
    content = to_pgm(np.rint(255 * picture[..., 0]).astype(np.uint8))
    drawing = Drawing(picture=picture, text="\n".join(lines))
    return Answer(lines, drawing, files={"made.pgm": content})


def grid(pictures: Array, columns: int) -> Array:
    """Return pictures `(n, height, width, channels)` in rows of `columns`, as one picture."""
    height, width, channels = pictures.shape[1:]
    rows = pictures.reshape(-1, columns, height, width, channels).swapaxes(1, 2)
    return np.asarray(rows.reshape(-1, columns * width, channels))


def _chosen(labels: Sequence[str], wanted: str) -> Sequence[int]:
    """Return the numbers of all labels, or of the one that is wanted."""
    if not wanted:
        return range(len(labels))
    if wanted not in labels:
        raise ValueError(f"There is no label '{wanted}'; give one of {', '.join(labels)}.")
    return [labels.index(wanted)]


def _seeds(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, int]]:
    for text in arguments:
        if not text.isdecimal():
            raise ValueError(f"'{text}' is no seed; give a whole number, such as 7.")
        yield f"seed {text}", int(text)


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--label", default="", help="of all pictures; every label by default")
    parser.add_argument("--count", type=at_least_one, default=8, help="pictures in a row")


program = Program(
    answer,
    takes=Kind("SEED", "a whole number; the same one gives the same pictures", _seeds),
    description="Make new pictures of noise.",
    example="7",
    options=_options,
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
