"""A user's pictures with boxes: the same from each layout, split and told about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgekit.core import registry
from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.own_boxed.reading import own_boxed
from edgekit.domains.own_boxed.recipes import with_boxes
from edgekit.domains.own_boxed.strata import rarest_classes
from edgekit.domains.own_data.splitting import LEAST
from tests.support.own_boxed import NAMES, boxed_folder, boxed_picture
from tests.support.paths import RECIPES

SHAPE = (24, 40, 3)


def bright(image: Array, box: Array, channel: int) -> float:
    left, top, right, bottom = np.rint(box).astype(int)
    return float(image[top:bottom, left:right, channel].mean())


@pytest.mark.parametrize("layout", ["voc", "coco", "yolo"])
@pytest.mark.parametrize("splits", [(), ("train", "valid", "test")])
def test_boxes_lie_on_their_things_in_each_layout(
    tmp_path: Path, layout: str, splits: tuple[str, ...]
) -> None:
    own = own_boxed(boxed_folder(tmp_path, layout, splits=splits), SHAPE)
    assert own.names == NAMES
    assert own.shape == SHAPE
    assert len(own.pictures) == 24
    pictures = own.pictures
    for image, boxes, labels in zip(pictures.images, pictures.boxes, pictures.labels, strict=True):
        for box, label in zip(boxes[labels >= 0], labels[labels >= 0], strict=True):
            assert bright(image, box, 2 * label) > 170
        assert (boxes[labels < 0] == 0).all()


def test_folders_called_train_and_test_are_the_splits(tmp_path: Path) -> None:
    own = own_boxed(boxed_folder(tmp_path, "yolo", splits=("train", "valid", "test")), SHAPE)
    folders = [Path(source).parts[0] for source in own.sources]
    assert [{"valid": "validation"}.get(each, each) for each in folders] == own.splits.tolist()
    assert "as your folders" in " ".join(own.remarks)
    assert own.splits_csv().splitlines()[0] == "source,boxes,split"
    assert len(own.splits_csv().splitlines()) == 25


def test_every_class_comes_into_every_split(tmp_path: Path) -> None:
    own = own_boxed(boxed_folder(tmp_path, "voc", count=60), SHAPE)
    for split in ("train", "validation", "test"):
        labels = own.of_split(split, "full").labels
        assert set(np.unique(labels[labels >= 0])) == {0, 1}
    assert len(own.sizes()) == (own.of_split("train", "full").labels >= 0).sum()
    again = own_boxed(boxed_folder(tmp_path, "voc", count=60), SHAPE)
    assert again.splits.tolist() == own.splits.tolist()


def test_remarks_say_what_a_user_should_know(tmp_path: Path) -> None:
    boxed_folder(tmp_path, "voc", count=40)
    pixels, _ = boxed_picture(0)
    copy = Image.fromarray(pixels).resize((96, 72), Image.Resampling.BICUBIC)
    copy.save(tmp_path / "copy.png")
    (tmp_path / "copy.xml").write_text(
        (tmp_path / "0.xml").read_text().replace("0.png", "copy.png")
    )
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    said = "\n".join(own_boxed(tmp_path, SHAPE).remarks)
    for sentence in (
        "boxes of 2 classes on 41 pictures; unbalanced: 'ball' has",
        "made to fit into 40x24 pixels",
        "70 % train, 10 % validate, 20 % test",
        "by the rarest of them",
        "2 pictures look like another one, such as",
        "are few; with 200 or more",
        "is found is",
        "Narrower than 8 pixels",
        "1 picture without a file of boxes",
    ):
        assert sentence in said, said


def test_a_class_on_two_pictures_is_refused(tmp_path: Path) -> None:
    boxed_folder(tmp_path, "voc", count=40)
    path = tmp_path / "1.xml"
    path.write_text(path.read_text().replace("ball", "cone"))
    with pytest.raises(
        BadData, match=r"Class 'cone' .* has boxes on 1 picture; each class needs 3"
    ):
        own_boxed(tmp_path, SHAPE)


@given(st.integers(0, 999), st.integers(1, 5), st.integers(3, 30))
def test_what_pictures_are_split_by_is_always_enough_to_split(
    seed: int, num_names: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    labels = [random.integers(0, num_names, random.integers(0, 5)) for _ in range(count)]
    strata, kinds = rarest_classes(labels, [str(k) for k in range(num_names)])
    sizes = np.bincount(strata, minlength=len(kinds))
    assert len(strata) == count
    assert len(sizes) == len(kinds)
    assert (sizes >= min(LEAST, count)).all()


def test_a_detector_follows_the_pictures(tmp_path: Path) -> None:
    recipe: Any = registry.get("recipes", str(RECIPES / "dots.py"))
    own = own_boxed(boxed_folder(tmp_path, "coco"), (16, 24, 3))
    taken = with_boxes(
        replace(recipe, with_data=lambda folder: recipe),
        own,
        build=recipe.build,
        train=recipe.train,
        loss=recipe.loss,
        parts=recipe.parts,
        assets=lambda size: {"detector.json": "{}"},
    )
    assert taken.signature.labels == NAMES
    assert taken.with_data is None
    assert taken.about_data == own.remarks
    test = taken.data("test", "tiny")
    right, wrong = taken.answer_key(test)
    assert taken.score(right, test) == 100
    assert taken.score(wrong, test) == 0
    assert list(taken.details(right, test)) == ["AP ball", "AP brick", "mAP@[0.5:0.95]"]  # type: ignore[misc]
    drawings = taken.show(test.inputs, right(test.inputs))  # type: ignore[misc]
    assert len(drawings) == len(test)
    assert drawings[0].captions[0].endswith(("ball", "brick"))
    assets = taken.assets("tiny")  # type: ignore[misc]
    assert set(assets) == {"detector.json", "example.ppm", "splits.csv"}
    assert taken.program.example == ("example.ppm",)
