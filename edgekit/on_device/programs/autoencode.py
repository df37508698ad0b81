"""Put a picture into a few numbers and make it again from them, with the models of this bundle.

    python3 autoencode.py --variant int8 --out made picture.pgm

A picture of another size is fitted; `fit` in `on_device/pictures.py` has the rule. `--out` gets the
picture beside the one that was made of its numbers.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Mapping

import numpy as np

from ..answering import Answer, Models, Program
from ..arrays import Array, Batch, Run
from ..footage import PICTURES
from ..pictures import fit
from ..vision.drawing import Drawing

WHOLE, ENCODER, DECODER = "whole", "encoder", "decoder"
CODE, MADE = "code", "made"
SHOWN = 8
"""Numbers in a line."""


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the function that answers by the whole, and by the decoder after the encoder."""

    def run(batch: Batch) -> Batch:
        code = runs[ENCODER](batch)[CODE]
        return {**runs[WHOLE](batch), "joined": runs[DECODER]({CODE: code})[MADE]}

    return run


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Give the numbers of a picture, how far what is made of them is off, and draw both."""
    image = models.facts[ENCODER]["inputs"][0]
    fitted = fit(picture, image["shape"][1:])
    code = models.runs[ENCODER]({image["name"]: fitted[np.newaxis]})[CODE]
    made = np.clip(models.runs[DECODER]({CODE: code})[MADE][0], 0, 1)
    numbers = [f"{number:.3g}" for number in code[0]]
    lines = [
        f"{len(numbers)} numbers for {fitted.size} pixels:",
        *(" ".join(numbers[k : k + SHOWN]) for k in range(0, len(numbers), SHOWN)),
        f"off by {255 * np.sqrt(np.mean(np.square(made - fitted))):.1f} of 255 grey levels",
    ]
    drawing = Drawing(picture=np.concatenate([fitted, made], axis=1), text=lines[-1])
    return Answer(lines, drawing)


program = Program(
    answer,
    takes=PICTURES,
    description="Put a picture into a few numbers and make it again from them. A picture of "
    "another size is fitted: its middle, of the network's proportions, is averaged over the area "
    "of each pixel; colours become grey.",
    example="picture.pgm",
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
