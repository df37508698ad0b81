"""A user's pictures and masks as data of a recipe: sizes, colours, names, splits."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import BadData
from edgekit.domains.segmentation.masked import VOID
from edgekit.domains.segmentation.own_masked import OWN, SIDE, read_masked, tiles_of_split
from edgekit.recipes import segment_unet
from tests.support.own_folders import masked_folder, masked_picture


def test_each_split_gets_pictures_and_their_masks(tmp_path: Path) -> None:
    own = read_masked(masked_folder(tmp_path))
    assert own.labels == ("0", "128", "255")
    assert {name: len(own.of_split(name)) for name in ("train", "validation", "test")} == {
        "train": 7,
        "validation": 1,
        "test": 2,
    }
    for picture, mask in zip(own.masked.pictures, own.masked.masks, strict=True):
        assert picture.shape == (*mask.shape, 3)
        bright = picture[..., 0] > 100
        np.testing.assert_array_equal(bright, mask == 2)
    assert any("classes.txt" in remark for remark in own.remarks)
    assert any("'0' " in remark and "'255' " in remark for remark in own.remarks)


def test_classes_are_called_as_the_user_says(tmp_path: Path) -> None:
    masked_folder(tmp_path)
    (tmp_path / "classes.txt").write_text("sky\nsea\nsand\n")
    own = read_masked(tmp_path)
    assert own.labels == ("sky", "sea", "sand")
    assert not any("classes.txt" in remark for remark in own.remarks)
    (tmp_path / "classes.txt").write_text("sky\nsea\n")
    own = read_masked(tmp_path)
    assert own.labels == ("0", "128", "255")
    assert any("2 names and the masks 3 values" in remark for remark in own.remarks)


def test_pixels_of_255_beside_numbered_classes_do_not_count(tmp_path: Path) -> None:
    own = read_masked(masked_folder(tmp_path, values=(0, 1, 255)))
    assert own.labels == ("0", "1")
    assert all((mask == VOID).any() for mask in own.masked.masks)
    assert any("255 do not count" in remark for remark in own.remarks)


def test_grey_pictures_stay_grey(tmp_path: Path) -> None:
    own = read_masked(masked_folder(tmp_path, mode="L"))
    assert {picture.shape[2] for picture in own.masked.pictures} == {1}


@pytest.mark.parametrize("layout", ["{split}/{kind}", "{kind}/{split}"])
def test_folders_name_the_splits(layout: str, tmp_path: Path) -> None:
    for split, seed in (("train", 1), ("val", 20), ("test", 40)):
        for number in range(2):
            masked_picture(tmp_path, layout.format(split=split, kind="{kind}"), seed + number)
    own = read_masked(tmp_path)
    assert own.splits.tolist() == [
        {"train": "train", "val": "validation", "test": "test"}[name]
        for source in own.sources
        for name in Path(source).parts
        if name in ("train", "val", "test")
    ]


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    own = read_masked(masked_folder(tmp_path, side=(300, 1024), count=3))
    assert own.masked.masks[0].shape == (150, OWN.longest)
    tiles = tiles_of_split(own, "test", (SIDE, SIDE, 3))
    assert (tiles.target() != VOID).sum() == 150 * 512
    assert len(tiles_of_split(own, "train", (SIDE, SIDE, 3))) == 8


def test_too_few_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"2 different pictures .* needs 3 or more"):
        read_masked(masked_folder(tmp_path, count=2))


def test_a_recipe_follows_the_data(tmp_path: Path) -> None:
    recipe = segment_unet.with_data(masked_folder(tmp_path))
    assert recipe.signature.inputs[0].shape == (1, SIDE, SIDE, 3)
    assert recipe.signature.outputs[0].shape == (1, SIDE, SIDE, 3)
    assert recipe.with_data is None
    test = recipe.data("test", "tiny")
    right, wrong = recipe.answer_key(test)
    assert recipe.score(right, test) == 100
    assert recipe.score(wrong, test) == 0
    name, value = recipe.baseline
    assert name.startswith("always '")
    assert isinstance(value, float)
    assert 0 < value < 34
    assert recipe.assets is not None
    files = recipe.assets("tiny")
    assert set(files) == {"segmenter.json", "splits.csv", "example.ppm"}
    assert recipe.program.example == ("example.ppm",)


def test_the_membranes_as_a_users_folder(tmp_path: Path) -> None:
    archive = Path(os.environ.get("EDGEKIT_DATA", "nowhere")) / "isbi-membrane.tar.gz"
    if not archive.is_file():
        pytest.skip(f"'{archive}' is not here; it is one of the data sets of EDGEKIT_DATA.")
    with tarfile.open(archive) as content:
        content.extractall(tmp_path, filter="data")
    own = read_masked(tmp_path / "isbi-membrane/data/membrane/train")
    assert own.labels == ("0", "255")
    assert len(own.masked) == 30
    assert own.masked.pictures[0].shape == (512, 512, 1)
