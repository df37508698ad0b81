"""The program that reads signed numbers: any length of clip, any size of frame, memory carried."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.interpreter import ModelFacts, TensorFacts
from edgekit.on_device.programs.read_clip import answer, read, sheet, written

LABELS = ["nothing", "0", "1", "2"]
STATE = 2


def picture(batch: Batch) -> Batch:
    """Tell how bright each frame is, in thirds: 0 to 3."""
    return {"features": np.rint(3 * batch["picture"].mean(axis=(1, 2, 3)))[:, np.newaxis]}


def step(batch: Batch) -> Batch:
    """Name a symbol in the frame in which it begins; the memory is the symbol before."""
    now, before = batch["features"][:, 0].astype(int), batch["hidden"][:, 0].astype(int)
    scores = np.eye(4)[np.where(now != before, now, 0)]
    memory = np.stack([now, batch["cell"][:, 1] + 1], axis=1).astype(np.float32)
    return {"scores": scores, "next_hidden": memory, "next_cell": memory}


RUNS = {"picture": picture, "step": step}


def clip_of(symbols: list[int], side: int) -> np.ndarray:
    levels = np.array(symbols, np.float32) / 3
    return np.broadcast_to(levels[:, None, None, None], (len(symbols), side, side, 1))


def models(tmp_path: Path) -> Models:
    shapes = {"picture": ("picture", [1, 4, 4, 1]), "step": ("hidden", [1, STATE])}
    inputs = {
        part: TensorFacts(name=name, index=0, shape=shape, dtype="float32", quantization=None)
        for part, (name, shape) in shapes.items()
    }
    facts = {
        part: ModelFacts(
            variant="int8", part=part, file=f"{part}.tflite", inputs=[each], outputs=[]
        )
        for part, each in inputs.items()
    }
    return Models(tmp_path, facts, RUNS, LABELS)


@pytest.mark.parametrize("length", [1, 5, 40])
def test_a_clip_may_have_any_length(length: int) -> None:
    clips = np.stack([clip_of([0, 2, 2, 2, 1][:length] + [0] * (length - 5), 4)] * 2)
    found = read(RUNS, clips, STATE)
    assert found["scores"].shape == (2, length, 4)
    assert found["symbols"].shape == (2, length)
    wanted = [] if length == 1 else [2, 1]
    assert found["symbols"][1].tolist() == wanted + [0] * (length - len(wanted))


def test_the_answer_is_written_in_labels_and_drawn_as_a_sheet(tmp_path: Path) -> None:
    said = answer(models(tmp_path), clip_of([0, 1, 1, 3, 0, 3, 2, 0, 0], 8), Namespace())
    assert said.lines == ["0221"]
    assert said.drawing is not None
    assert said.drawing.picture.shape == (8, 32, 1)
    assert said.drawing.text == "0221"


def test_a_clip_without_a_sign_says_so(tmp_path: Path) -> None:
    assert answer(models(tmp_path), clip_of([0, 0], 6), Namespace()).lines == ["nothing"]


def test_symbols_are_written_in_turn() -> None:
    assert written(np.array([3, 3, 1, 0]), LABELS) == "220"


def test_a_sheet_has_rows_of_eight() -> None:
    frames = np.zeros((9, 2, 3, 1))
    frames[8] = 0.5
    found = sheet(frames)
    assert found.shape == (4, 24, 1)
    assert (found[2:, :3] == 0.5).all()
    assert (found[2:, 3:] == 1).all()
