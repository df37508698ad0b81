"""Say of each pixel of a picture what it shows, with the models of this bundle.

    python3 segment.py --variant int8 --out masks picture.pgm

A picture of any size is cut into tiles; `on_device/vision/tiles.py` has the rule. `--out` gets the
mask of each picture, the number of a class for each pixel, as PNG if Pillow is installed and else
as PGM, and the picture with the mask drawn into it.
"""

from __future__ import annotations

import io
import json
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..answering import Answer, Models, Program, Steps
from ..arrays import Array, Run
from ..footage import PICTURES
from ..interpreter import ModelFacts
from ..pictures import described, picture_shape, to_pgm, with_channels
from ..vision.drawing import Drawing
from ..vision.tiles import cut, enlarged, joined, resized, tiles_of

MODEL = "model"
SETTINGS = "segmenter.json"


class Settings(NamedTuple):
    """How a network wants to see pictures; `segmenter.json` holds it.

    Attributes:
        longest: Pixels of the longer side at most; larger pictures are made smaller. None if all
            are taken as they are.
        margin: Pixels at the edge of a tile that do not count.
    """

    longest: Optional[int]
    margin: int

    def to_json(self) -> str:
        """Return the content of `segmenter.json`."""
        return json.dumps(self._asdict()) + "\n"


def read_settings(folder: Path) -> Settings:
    """Return the settings of a bundle.

    Raises:
        OSError: There is no `segmenter.json`.
        ValueError: It holds something else.
    """
    path = folder / SETTINGS
    try:
        return Settings(**json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"'{path}' does not hold longest and margin; take the file that came with the model."
        ) from error


def seen_size(height: int, width: int, settings: Settings) -> Tuple[int, int]:
    """Return height and width of a picture as the network is shown it.

    Example:
        >>> seen_size(1000, 500, Settings(longest=512, margin=16))
        (512, 256)
    """
    if settings.longest is None:
        return height, width
    scale = min(1.0, settings.longest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def classes_of(picture: Array, run: Run, model: ModelFacts, settings: Settings) -> Array:
    """Return the number of the class of each pixel of a picture, `(height, width)`, uint8.

    Args:
        picture: `(height, width, 1 or 3)`, floats in 0..1.
        run: The network.
        model: Names and shapes of its input and output.
        settings: How it wants to see pictures.
    """
    image, scores = model["inputs"][0], model["outputs"][0]["name"]
    shape = picture_shape(image["shape"][1:])
    height, width = picture.shape[:2]
    seen = resized(with_channels(picture, shape[2]), *seen_size(height, width, settings))
    tiles = tiles_of(seen.shape, shape, settings.margin)
    masks = [
        run({image["name"]: tile[np.newaxis]})[scores][0].argmax(axis=-1).astype(np.uint8)
        for tile in cut(seen, tiles, shape)
    ]
    return enlarged(joined(np.stack(masks), tiles), height, width)


def shares(mask: Array, labels: Sequence[str]) -> Sequence[str]:
    """Return how much of a mask is of each class that is there, the most first.

    Example:
        >>> shares(np.array([[0, 2], [2, 2]]), ["sky", "sea", "sand"])
        ['75.0 %  sand', '25.0 %  sky']
    """
    counts = np.bincount(mask.ravel(), minlength=len(labels))
    order = np.argsort(-counts, kind="stable")
    return [f"{100 * counts[n] / mask.size:.1f} %  {labels[n]}" for n in order if counts[n]]


def mask_file(mask: Array) -> Tuple[str, bytes]:
    """Return a mask as the content of a file, and the ending of its name."""
    try:
        from PIL import Image
    except ImportError:
        return "mask.pgm", to_pgm(mask)
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return "mask.png", file.getvalue()


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Say how much of a picture is what, and draw it."""
    settings = read_settings(models.folder)
    mask = classes_of(picture, models.runs[MODEL], models.facts[MODEL], settings)
    lines = shares(mask, models.labels)
    ending, content = mask_file(mask)
    drawing = Drawing(picture=picture, mask=mask, text="\n".join(lines))
    return Answer(lines, drawing, files={ending: content})


def steps(models: Models) -> Steps:
    """Describe what is done with a picture, and with the scores of its pixels."""
    model, settings = models.facts[MODEL], read_settings(models.folder)
    image, scores = model["inputs"][0], model["outputs"][0]["name"]
    return Steps(
        before=described(image["name"], image["shape"][1:], "tiles", **settings._asdict()),
        after={"kind": "mask", "output": scores},
    )


program = Program(
    answer,
    takes=PICTURES,
    description="Say of each pixel of a picture what it shows. The picture may have any size: it "
    "is cut into tiles, and made smaller where the network was trained on smaller ones. With "
    "--out, the number of each pixel's class is written as a mask, PNG or PGM.",
    example="picture.pgm",
    draws=True,
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
