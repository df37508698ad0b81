"""Draw the covered half of a picture anew by Gibbs sampling, with the models of this bundle.

    python3 repair.py --variant int8 --out repaired example.pgm

A picture of another size is fitted; `fit` in `on_device/pictures.py` has the rule. Pixels at least
half as bright as white are taken as 1, others as 0, and the lower half is covered. `--out` gets the
picture, what was left of it, and the repaired one; and the last alone, as a PGM file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Callable, Mapping

import numpy as np

from ..answering import Answer, Models, Program, at_least_one
from ..arrays import Array, Batch, Run
from ..footage import PICTURES
from ..pictures import fit, read_picture, to_pgm
from ..vision.drawing import Drawing

RECONSTRUCT, GIBBS = "reconstruct", "gibbs"
IMAGE, PIXELS, HIDDEN_NOISE, PIXEL_NOISE = "image", "pixels", "hidden_noise", "pixel_noise"
LOG_ODDS, MADE, ALONE, REPAIRED, NEXT = "log_odds", "made", "alone", "repaired", "next"

MEAN = "mean.pgm"
"""File of a bundle with the mean picture, from which a repair begins."""

STEPS = 100
"""Gibbs steps of a repair, if the user asks for no other number."""

FEW_STEPS = 10
"""Gibbs steps of a repair while a file is scored."""


def black_and_white(pictures: Array) -> Array:
    """Return pictures in which pixels of 0.5 and more are 1, and others 0, float32."""
    return (pictures >= 0.5).astype(np.float32)


def is_covered(height: int) -> Array:
    """Return which rows are covered, the lower half, `(height, 1, 1)`."""
    return (np.arange(height) >= height // 2).reshape(height, 1, 1)


def repair(
    runs: Mapping[str, Run],
    pictures: Array,
    mean: Array,
    num_hidden: int,
    steps: int,
    seed: int = 0,
) -> Array:
    """Return pictures whose lower half is drawn anew, given the upper half.

    A Gibbs chain runs with the upper half held. It begins with what `reconstruct` makes of the mean
    picture below the upper half; a pixel of the lower half is the mean of its probabilities over
    the second half of the steps.

    Args:
        runs: The files `reconstruct` and `gibbs`.
        pictures: `(n, height, width, 1)`, 0 or 1; the lower half is not looked at.
        mean: The mean picture, `(height, width, 1)`, 0..1.
        num_hidden: Hidden units of the machine.
        steps: Gibbs steps, at least 1.
        seed: Of the noise.

    Returns:
        `(n, height, width, 1)`, float32 in 0..1.
    """
    random, covered = np.random.default_rng(seed), is_covered(pictures.shape[1])
    begun = np.where(covered, mean.astype(np.float32), pictures)
    made = runs[RECONSTRUCT]({IMAGE: begun})[MADE]
    state, total = np.where(covered, black_and_white(made), pictures), np.zeros_like(pictures)
    for step in range(steps):
        noise = {
            HIDDEN_NOISE: random.random((len(pictures), num_hidden), np.float32),
            PIXEL_NOISE: random.random((len(pictures), pictures[0].size), np.float32),
        }
        answer = runs[GIBBS]({IMAGE: state, **noise})
        state = np.where(covered, answer[NEXT], pictures)
        if step >= steps // 2:
            total += answer[MADE]
    return np.where(covered, total / np.float32(steps - steps // 2), pictures)


def log_odds_alone(reconstruct: Run, pictures: Array, pixels: Array) -> Array:
    """Return the log-odds that pixels are 1, each given all other pixels of its picture.

    A picture's free energy falls with a pixel by as much as the log-odds that the machine makes of
    it: so these, averaged while the pixel goes from 0 to 1, are its log-odds given the others. The
    middle of the way, a pixel of 0.5, stands for the average: the error begins with the third power
    of the weights.

    Args:
        reconstruct: The file of that name.
        pictures: `(n, height, width, 1)`, 0 or 1.
        pixels: Which pixels are asked, counted row by row, `(n, asked)`.

    Returns:
        `(n, asked)`, float32.
    """
    rows, found = np.arange(len(pictures)), []
    for asked in pixels.T:
        unknown = pictures.reshape(len(pictures), -1).copy()
        unknown[rows, asked] = 0.5
        log_odds = reconstruct({IMAGE: unknown.reshape(pictures.shape)})[LOG_ODDS]
        found.append(log_odds.reshape(len(pictures), -1)[rows, asked])
    return np.stack(found, axis=1)


def drive(num_hidden: int, mean_picture: Callable[[], Array]) -> Callable[[Mapping[str, Run]], Run]:
    """Return the function that reconstructs, asks single pixels, and repairs by a few steps."""

    def whole(runs: Mapping[str, Run]) -> Run:
        def run(batch: Batch) -> Batch:
            pictures = batch[IMAGE]
            return {
                MADE: runs[RECONSTRUCT]({IMAGE: pictures})[MADE],
                ALONE: log_odds_alone(runs[RECONSTRUCT], pictures, batch[PIXELS]),
                REPAIRED: repair(runs, pictures, mean_picture(), num_hidden, FEW_STEPS),
            }

        return run

    return whole


def answer(models: Models, picture: Array, options: Namespace) -> Answer:
    """Cover half of a picture, say how much of it was drawn as it had been, and draw all three."""
    image, hidden, _ = models.facts[GIBBS]["inputs"]
    given = black_and_white(fit(picture, image["shape"][1:]))
    mean, num_hidden = read_picture(models.folder / MEAN), hidden["shape"][1]
    steps, seed = options.steps, options.seed
    (made,) = repair(models.runs, given[np.newaxis], mean, num_hidden, steps, seed)
    made = np.clip(made, 0, 1)
    covered = np.broadcast_to(is_covered(len(given)), given.shape)
    right = 100 * np.mean(black_and_white(made)[covered] == given[covered])
    line = (
        f"{covered.sum()} of {given.size} pixels drawn anew by {steps} Gibbs steps, "
        f"{right:.1f} % of them as they were"
    )
    left = np.where(covered, np.float32(0.5), given)
    drawing = Drawing(picture=np.concatenate([given, left, made], axis=1), text=line)
    content = to_pgm(np.rint(255 * made[..., 0]).astype(np.uint8))
    return Answer([line], drawing, files={"repaired.pgm": content})


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--steps", type=at_least_one, default=STEPS, help="Gibbs steps")
    parser.add_argument("--seed", type=int, default=0, help="of the noise that pixels are drawn by")


program = Program(
    answer,
    takes=PICTURES,
    description="Cover the lower half of a picture and draw it anew by Gibbs sampling. A picture "
    "of another size is fitted: its middle, of the network's proportions, is averaged over the "
    "area of each pixel; colours become grey, and grey black or white.",
    example="picture.pgm",
    options=_options,
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
