"""Covered halves of pictures: what is kept, what is drawn, and what the program says of it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np

from edgekit.core.types import Array, Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.pictures import read_picture, to_pgm
from edgekit.on_device.programs.repair import MEAN, answer, black_and_white, drive, repair

HIDDEN = 3
GREY = np.full((6, 6, 1), 0.25, np.float32)


def _pictures(count: int = 4) -> Array:
    return black_and_white(np.random.default_rng(0).random((count, 6, 6, 1), np.float32))


def _likely(batch: Batch) -> Batch:
    """Answer that each pixel is 1 with probability 0.75."""
    made = np.full_like(batch["image"], 0.75)
    return {"made": made, "log_odds": np.log(made / (1 - made))}


def _gibbs(batch: Batch) -> Batch:
    assert batch["hidden_noise"].shape == (len(batch["image"]), HIDDEN)
    assert set(np.unique(batch["image"])) <= {0.0, 1.0}
    made = _likely(batch)["made"]
    noise = batch["pixel_noise"].reshape(made.shape)
    return {"made": made, "next": (noise < made).astype(np.float32)}


RUNS = {"reconstruct": _likely, "gibbs": _gibbs}


def test_the_upper_half_stays_and_the_lower_is_not_looked_at() -> None:
    pictures = _pictures()
    others = np.concatenate([pictures[:, :3], 1 - pictures[:, 3:]], axis=1)
    first, second = (repair(RUNS, each, GREY, HIDDEN, 5) for each in (pictures, others))
    np.testing.assert_array_equal(first[:, :3], pictures[:, :3])
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first[:, 3:], 0.75)


def test_a_repair_begins_with_the_mean_picture_below_what_is_known() -> None:
    pictures, seen = _pictures(), []

    def reconstruct(batch: Batch) -> Batch:
        seen.append(batch["image"])
        return _likely(batch)

    repair({**RUNS, "reconstruct": reconstruct}, pictures, GREY, HIDDEN, 1)
    (begun,) = seen
    np.testing.assert_array_equal(begun[:, :3], pictures[:, :3])
    assert (begun[:, 3:] == 0.25).all()


def test_the_whole_asks_each_pixel_with_the_others_given() -> None:
    pictures, pixels = _pictures(), np.arange(8).reshape(4, 2)
    asked: list[Array] = []

    def reconstruct(batch: Batch) -> Batch:
        asked.append(batch["image"])
        return _likely(batch)

    found = drive(HIDDEN, lambda: GREY)({**RUNS, "reconstruct": reconstruct})(
        {"image": pictures, "pixels": pixels}
    )
    np.testing.assert_allclose(found["alone"], np.full((4, 2), np.log(3)), rtol=1e-6)
    half = [image for image in asked if (image == 0.5).sum() == len(image)]
    assert len(half) == 2
    for column, image in zip(pixels.T, half, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(image == 0.5) % 36, column)


def test_the_program_says_how_much_was_drawn_as_it_was(tmp_path: Path) -> None:
    facts = {
        "gibbs": {
            "inputs": [
                {"name": "image", "shape": [1, 6, 6, 1]},
                {"name": "hidden_noise", "shape": [1, HIDDEN]},
                {"name": "pixel_noise", "shape": [1, 36]},
            ]
        }
    }
    picture = np.ones((6, 6, 1), np.float32)
    (tmp_path / MEAN).write_bytes(to_pgm(np.full((6, 6), 64)))
    models = Models(tmp_path, facts, RUNS, ())  # type: ignore[arg-type]
    found = answer(models, picture, Namespace(steps=7, seed=1))
    assert found.lines == [
        "18 of 36 pixels drawn anew by 7 Gibbs steps, 100.0 % of them as they were"
    ]
    assert found.drawing is not None
    assert found.drawing.picture.shape == (6, 18, 1)
    (tmp_path / "repaired.pgm").write_bytes(found.files["repaired.pgm"])
    assert read_picture(tmp_path / "repaired.pgm").shape == (6, 6, 1)
