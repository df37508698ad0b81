"""The program that finds things: it reads what kind of detector the models of a bundle are."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.programs.detect import FACTS, answer, main, to_json
from edgekit.on_device.vision.grid_cells import NETWORK, Grid, GridCells

SHAPE = (32, 64, 3)
DETECTOR = GridCells(grids=(Grid(16, ((20.0, 10.0),)),), num_classes=2)
OPTIONS = Namespace(least_score=0.4)


def models(folder: Path, seen: list[Batch] | None = None) -> Models:
    """Return a network that finds one thing, in the middle of the cell of row 1 and column 2."""

    def run(batch: Batch) -> Batch:
        if seen is not None:
            seen.append(batch)
        scores = np.full((1, 2, 4, 3), -9, np.float32)
        scores[0, 1, 2] = [np.log(3), -9, 9]
        return {"boxes_16": np.zeros((1, 2, 4, 4), np.float32), "scores_16": scores}

    return Models(folder, {}, {NETWORK: run}, ["cat", "dog"])


def test_boxes_are_in_pixels_of_the_picture_that_was_given(tmp_path: Path) -> None:
    (tmp_path / FACTS).write_text(to_json(SHAPE, DETECTOR.facts()))
    seen: list[Batch] = []
    # Twice as large as the network's picture, and narrower: 16 grey columns at either side.
    found = answer(models(tmp_path, seen), np.zeros((64, 64, 3), np.float32), OPTIONS)
    assert found.lines == ["0.75 dog  28  38  64  58"]
    image = seen[0]["image"]
    assert image.shape == (1, *SHAPE)
    assert (image[0, :, :16] == 0.5).all()
    assert (image[0, :, 16:48] == 0).all()
    assert found.drawing is not None
    assert found.drawing.boxes == pytest.approx(np.array([[28, 38, 64, 58]]))
    assert list(found.drawing.captions) == ["0.75 dog"]
    assert list(found.drawing.kinds) == [1]


def test_what_it_is_less_sure_of_is_left_out(tmp_path: Path) -> None:
    (tmp_path / FACTS).write_text(to_json(SHAPE, DETECTOR.facts()))
    picture = np.zeros((32, 64, 3), np.float32)
    found = answer(models(tmp_path), picture, Namespace(least_score=0.8))
    assert found.lines == ["nothing found"]
    assert found.drawing is not None
    assert not list(found.drawing.captions)


def test_a_kind_that_it_does_not_know_is_named(tmp_path: Path) -> None:
    (tmp_path / FACTS).write_text(to_json(SHAPE, {"kind": "sonar"}))
    with pytest.raises(ValueError, match=r"of the kind 'sonar', and this program knows grid_cells"):
        answer(models(tmp_path), np.zeros((32, 64, 3), np.float32), OPTIONS)


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_bundle_without_facts_ends_in_a_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / FACTS).write_text(content)
    with pytest.raises(ValueError, match=rf"no {FACTS} that can be read; take the file"):
        answer(models(tmp_path), np.zeros((32, 64, 3), np.float32), OPTIONS)


@pytest.mark.parametrize("score", ["-0.1", "1.1", "sure", "nan"])
def test_a_score_is_a_number_from_0_to_1(score: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--least-score={score}", "picture.ppm"])
    assert f"{score}; give a number from 0 to 1" in capsys.readouterr().err
