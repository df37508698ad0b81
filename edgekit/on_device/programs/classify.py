"""Name what a picture shows, with the models of this bundle.

    python3 classify.py --variant int8 picture.pgm

A picture of another size is fitted; `fit` in `on_device/pictures.py` has the rule.
"""

from __future__ import annotations

import argparse
from typing import Sequence

import numpy as np

from ..arrays import Array
from ..interpreter import LABELS, add_arguments, describe, find_file, load, read_labels
from ..pictures import fit, read_picture

MODEL = "model"


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the best labels of each picture, one a line with its score."""
    parser = argparse.ArgumentParser(
        description="Name what a picture shows. A picture of another size is fitted: its middle, "
        "of the network's proportions, is averaged over the area of each pixel; colours become "
        "grey where the network takes grey.",
        epilog="Example: python3 classify.py --variant int8 picture.pgm",
    )
    parser.add_argument(
        "pictures", nargs="+", metavar="PICTURE", help=".npy, PGM, PPM, or what Pillow opens"
    )
    parser.add_argument("--count", type=int, default=3, help="how many labels to name")
    add_arguments(parser)
    chosen = parser.parse_args(arguments)
    model = describe(chosen.bundle, chosen.variant)[MODEL]
    image, scores = model["inputs"][0], model["outputs"][0]["name"]
    run = load(chosen.bundle, chosen.variant)[MODEL]
    try:
        labels = read_labels(chosen.bundle)
        for name in chosen.pictures:
            picture = fit(read_picture(find_file(name, chosen.bundle)), image["shape"][1:])
            answer = run({image["name"]: picture[np.newaxis]})[scores][0]
            if len(chosen.pictures) > 1:
                print(f"{name}:")
            for label, score in best(answer, labels, chosen.count):
                print(f"{score:.3f}  {label}")
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
