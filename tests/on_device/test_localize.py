"""One thing in a picture: votes of all positions, merged into one box and one label."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Array, Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.interpreter import ModelFacts
from edgekit.on_device.programs.localize import NETWORK, answer, merged, positions

SHAPE = (64, 64, 3)


def votes(where: Array, box: Array, scores: Array) -> Batch:
    """Return what a network of 4x4 positions answers for one picture."""
    return {
        "where": where[np.newaxis, :, :, np.newaxis].astype(np.float32),
        "box": np.broadcast_to(box, (1, 4, 4, 4)).astype(np.float32),
        "scores": np.broadcast_to(scores, (1, 4, 4, 2)).astype(np.float32),
    }


def at(row: int, column: int) -> Array:
    where = np.zeros((4, 4))
    where[row, column] = 50
    return where


def test_positions_are_the_middles_of_cells() -> None:
    assert positions(2, 2, 16).tolist() == [[8, 8], [24, 8], [8, 24], [24, 24]]


def test_the_vote_of_a_position_that_counts_most_decides() -> None:
    scores = np.zeros((4, 4, 2))
    scores[1, 2] = [0, np.log(3)]
    found = merged(votes(at(1, 2), np.array([1, 0.5, 1, 2]), scores), SHAPE)
    np.testing.assert_allclose(found["box"], [[24, 16, 56, 56]], atol=1e-4)
    np.testing.assert_allclose(found["scores"], [[0.25, 0.75]], atol=1e-6)


def test_positions_that_agree_vote_for_what_each_says() -> None:
    edges = np.array([10.0, 20.0, 40.0, 60.0])
    middles = positions(4, 4, 16).reshape(4, 4, 2)
    ways = np.concatenate([middles - edges[:2], edges[2:] - middles], axis=2) / 16
    where = np.random.default_rng(0).normal(0, 2, (4, 4))
    found = merged(votes(where, ways, np.zeros(2)), SHAPE)
    np.testing.assert_allclose(found["box"], [edges], atol=1e-4)


def test_a_box_ends_at_the_edge_of_the_picture() -> None:
    found = merged(votes(at(0, 0), np.full(4, 9), np.zeros(2)), SHAPE)
    assert found["box"].tolist() == [[0, 0, 64, 64]]


def test_the_program_answers_in_pixels_of_the_picture_that_it_was_given() -> None:
    seen: list[Array] = []

    def network(batch: Batch) -> Batch:
        seen.append(batch["image"])
        return votes(at(1, 1), np.array([1, 0.5, 1, 1.5]), np.array([0.0, 5.0]))

    facts: ModelFacts = {
        "variant": "int8",
        "part": NETWORK,
        "file": "network.tflite",
        "inputs": [
            {
                "name": "image",
                "index": 0,
                "shape": [1, *SHAPE],
                "dtype": "float32",
                "quantization": None,
            }
        ],
        "outputs": [],
    }
    models = Models(Path(), {NETWORK: facts}, {NETWORK: network}, ["cat", "dog"])
    picture = np.ones((256, 512, 3), np.float32)  # lies in rows 16 to 48 of the network's
    answered = answer(models, picture, Namespace())
    assert [each.shape for each in seen] == [(1, *SHAPE)]
    assert answered.lines == ["0.993  dog  64  0  320  256"]
    assert answered.drawing is not None
    assert answered.drawing.picture.shape == picture.shape
    assert answered.drawing.boxes is not None
    assert answered.drawing.boxes[0].tolist() == pytest.approx([64, 0, 320, 256])
