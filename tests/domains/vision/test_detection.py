"""What all detectors share: signature, data, score, drawings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.recipe import Dataset
from edgekit.core.types import Batch
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import CELLS, blood_cells
from edgekit.on_device.pictures import read_picture

SHAPE = (48, 64, 3)


@pytest.fixture(scope="module")
def cells() -> Dataset:
    return detection.dataset(blood_cells("test", "tiny", SHAPE))


def test_the_signature_is_that_of_its_data_and_answers(cells: Dataset) -> None:
    signature = detection.signature(SHAPE, CELLS, 7)
    (image,) = signature.inputs
    assert cells.inputs["image"].shape[1:] == image.shape[1:] == SHAPE
    assert cells.inputs["image"].dtype == image.dtype
    assert {t.name: t.shape for t in signature.outputs} == {
        "boxes": (1, 7, 4),
        "labels": (1, 7),
        "scores": (1, 7),
    }
    assert signature.labels == CELLS
    assert "grey" in detection.picture_input((4, 4, 1)).meaning


def test_right_is_100_and_wrong_is_0(cells: Dataset) -> None:
    right, wrong = detection.answer_key(cells)
    assert (detection.score(right, cells), detection.score(wrong, cells)) == (100, 0)
    figures = detection.details(CELLS)(right, cells)
    assert figures == {"AP RBC": 100, "AP WBC": 100, "AP Platelets": 100, "mAP@[0.5:0.95]": 100}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_neither_the_order_of_boxes_nor_padding_counts(seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = detection.dataset(blood_cells("validation", "tiny", SHAPE))
    right = detection.answer_key(cells)[0](cells.inputs)
    answers: Batch = {
        "boxes": (right["boxes"] + random.normal(0, 1, right["boxes"].shape)).astype("float32"),
        "labels": right["labels"],
        "scores": random.random(right["scores"].shape).astype("float32"),
    }
    order = random.permutation(right["labels"].shape[1])
    shuffled = {name: array[:, order] for name, array in answers.items()}
    filled = {
        "boxes": np.concatenate([answers["boxes"]] * 2, axis=1),
        "labels": np.concatenate([answers["labels"], np.full_like(answers["labels"], -1)], axis=1),
        "scores": np.concatenate([answers["scores"]] * 2, axis=1),
    }
    score = detection.score(lambda _: answers, cells)
    assert 0 < score <= 100
    assert detection.score(lambda _: shuffled, cells) == pytest.approx(score)
    assert detection.score(lambda _: filled, cells) == pytest.approx(score)


def test_sure_boxes_are_drawn_with_their_names(cells: Dataset) -> None:
    right, _ = detection.answer_key(cells)
    few = cells.head(3)
    answers = {name: array[:3] for name, array in right(few.inputs).items()}
    drawings = detection.show(CELLS)(few.inputs, answers)
    assert len(drawings) == 3
    for drawing, labels in zip(drawings, few.target("labels"), strict=True):
        assert [c.split()[1] for c in drawing.captions] == [CELLS[k] for k in labels if k >= 0]
    unsure = {**answers, "scores": answers["scores"] * 0.1}
    assert not any(drawing.captions for drawing in detection.show(CELLS)(few.inputs, unsure))


def test_the_example_is_read_without_a_library(tmp_path: Path) -> None:
    pictures = blood_cells("test", "tiny", SHAPE)
    (content,) = detection.example(pictures, 2).values()
    path = tmp_path / detection.EXAMPLE
    path.write_bytes(content)
    assert (np.rint(read_picture(path) * 255) == pictures.images[2]).all()
