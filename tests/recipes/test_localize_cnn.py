"""One card in a photo: what the network is trained on, and how its answers are judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset
from edgekit.core.types import Batch, Split
from edgekit.domains.localizing.pictures import each_alone, varied
from edgekit.domains.localizing.scoring import details, mean_box, score
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.on_device.programs.localize import positions
from edgekit.on_device.vision.boxes import NO_LABEL
from edgekit.recipes import localize_cnn
from tests.support.own_boxed import boxed_folder

BOXES = np.array([[0.0, 0.0, 40.0, 60.0], [100.0, 0.0, 140.0, 60.0]], np.float32)
PHOTOS = Dataset(
    inputs={"image": np.zeros((2, 8, 8, 3), np.float32)},
    targets={"box": BOXES, "label": np.array([1, 2])},
)


def test_every_photo_holds_one_card() -> None:
    photos = localize_cnn.one_card("train", "tiny")
    assert ((photos.labels > NO_LABEL).sum(axis=1) == 1).all()
    assert (photos.labels[:, 0] > NO_LABEL).all()


def test_of_several_cards_each_that_lies_apart_is_a_photo_without_the_others() -> None:
    random = np.random.default_rng(0)
    boxes = np.array([[[10, 10, 30, 40], [50, 10, 70, 40], [60, 20, 80, 50], [0, 0, 0, 0]]])
    photos = BoxedSet(
        images=random.integers(0, 100, (1, 64, 96, 3)).astype(np.uint8),
        boxes=boxes.astype(np.float32),
        labels=np.array([[4, 2, 3, NO_LABEL]]),
        names=tuple("abcde"),
    )
    alone = each_alone(photos)
    assert alone.labels.tolist() == [[4]]
    assert alone.boxes.tolist() == [[[10, 10, 30, 40]]]
    painted = np.zeros((64, 96), bool)
    painted[10:40, 50:70] = painted[20:50, 60:80] = True
    assert (alone.images[0, painted] == 128).all()
    assert (alone.images[0, ~painted] == photos.images[0, ~painted]).all()


def test_cards_stay_in_the_photo_when_it_is_varied() -> None:
    photos = localize_cnn.one_card("train", "tiny")
    batches = varied(photos, 8)
    boxes = np.concatenate([next(batches)[1]["box"] for _ in range(4)])
    assert (boxes >= 0).all()
    assert (boxes <= localize_cnn.SIDE).all()
    own = (photos.boxes[:, 0, 2:] - photos.boxes[:, 0, :2]).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    assert areas.min() >= 0.9**2 * own.min() * 0.999  # none was cut


def test_boxes_are_judged_by_what_they_share_and_classes_beside_it() -> None:
    def run(_: Batch) -> Batch:
        moved = BOXES + np.array([[0, 0, 0, 0], [20, 0, 20, 0]], np.float32)
        return {"box": moved, "scores": np.eye(6)[[1, 2]]}

    assert score(run, PHOTOS) == pytest.approx(100 * (1 + 1 / 3) / 2)
    assert details(run, PHOTOS) == {
        "class accuracy, %": 100,
        "class and box (IoU 0.5) right, %": 50,
    }


def test_the_mean_box_scores_better_than_none() -> None:
    splits: tuple[Split, Split] = ("train", "test")
    train, test = (localize_cnn.data(split, "tiny") for split in splits)
    assert 10 < mean_box(train, test) < 60


def test_a_network_that_votes_rightly_loses_little() -> None:
    cells, stride = localize_cnn.CELLS, localize_cnn.STRIDE
    middles = positions(cells, cells, stride)
    ways = np.concatenate([middles - BOXES[0, :2], BOXES[0, 2:] - middles], axis=1) / stride
    inside = (np.abs(middles - [20, 30]) <= [10, 15]).all(axis=1)
    shape = (1, cells, cells, -1)
    votes = {
        "where": np.where(inside, 9.0, -9.0).reshape(shape),
        "box": ways.reshape(shape),
        "scores": np.tile([0.0, 20.0, 0, 0, 0, 0], (cells * cells, 1)).reshape(shape),
    }
    votes = {name: array.astype(np.float32) for name, array in votes.items()}
    targets = {"box": BOXES[:1], "label": np.array([1.0])}
    right = float(localize_cnn.loss(targets, votes)[0])
    assert right == pytest.approx(np.log(inside.sum()), abs=1e-3)  # all of them count alike
    for wrong in ({"label": np.array([2.0])}, {"box": BOXES[1:]}):
        assert float(localize_cnn.loss({**targets, **wrong}, votes)[0]) > right + 1


@pytest.mark.parametrize("layout", ["voc", "coco", "yolo"])
def test_a_users_pictures_with_one_box_each_are_taken(layout: str, tmp_path: Path) -> None:
    own = localize_cnn.with_data(boxed_folder(tmp_path, layout, count=90))
    assert own.signature.labels == ("ball", "brick")
    assert [tensor.shape for tensor in own.signature.outputs] == [(1, 4), (1, 2)]
    splits: tuple[Split, ...] = ("train", "validation", "test", "calibration")
    found = {split: own.data(split, "full") for split in splits}
    areas = [(box[2:] - box[:2]).prod() for each in found.values() for box in each.target("box")]
    assert min(areas) > 0
    assert 20 < sum(len(each) for each in found.values()) - len(found["calibration"]) < 45
    assert any("no box or several" in remark for remark in own.about_data)
    right, wrong = own.answer_key(found["test"])
    assert own.score(right, found["test"]) == pytest.approx(100)
    assert own.score(wrong, found["test"]) == 0
    assert isinstance(own.baseline[1], float)
    assert own.assets is not None
    assert set(own.assets("tiny")) == {"example.ppm", "splits.csv"}


def test_a_folder_without_pictures_of_one_thing_is_refused(tmp_path: Path) -> None:
    folder = boxed_folder(tmp_path, "voc", count=4)
    for path in folder.glob("*.xml"):
        text = path.read_text()
        boxes = text[text.index("<object>") : text.index("</annotation>")]
        path.write_text(text.replace("</annotation>", boxes + "</annotation>"))
    with pytest.raises(BadData, match="no picture with exactly one box"):
        localize_cnn.with_data(folder)
