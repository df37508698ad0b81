"""Take the noise out of a picture, with the models of this bundle.

    python3 denoise.py --variant int8 --out clean picture.pgm

A picture of another size is fitted; `fit` in `on_device/pictures.py` has the rule. `--out` gets the
picture beside the clean one.
"""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from ..answering import Answer, Models, Program
from ..arrays import Array
from ..footage import PICTURES
from ..pictures import fit, to_pgm
from ..vision.drawing import Drawing

MODEL = "model"


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Say how much noise was taken out of a picture, and draw it before and after."""
    model = models.facts[MODEL]
    image, made = model["inputs"][0], model["outputs"][0]["name"]
    fitted = fit(picture, image["shape"][1:])
    clean = np.clip(models.runs[MODEL]({image["name"]: fitted[np.newaxis]})[made][0], 0, 1)
    taken = 255 * np.sqrt(np.mean(np.square(clean - fitted)))
    line = f"{taken:.1f} of 255 grey levels of noise taken out (RMS)"
    drawing = Drawing(picture=np.concatenate([fitted, clean], axis=1), text=line)
    content = to_pgm(np.rint(255 * clean[..., 0]).astype(np.uint8))
    return Answer([line], drawing, files={"clean.pgm": content})


program = Program(
    answer,
    takes=PICTURES,
    description="Take the noise out of a picture. A picture of another size is fitted: its middle, "
    "of the network's proportions, is averaged over the area of each pixel; colours become grey.",
    example="picture.pgm",
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
