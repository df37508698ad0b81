"""Folders and files that users bring: each is read right, or refused in a sentence that helps."""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.core.errors import BadData
from edgekit.domains.own_data.boxes import own_boxes
from edgekit.domains.own_data.examples import Examples
from edgekit.domains.own_data.masks import classes_of, own_masks, read_mask
from edgekit.domains.own_data.pictures import own_pictures
from edgekit.domains.own_data.series import own_series
from edgekit.domains.own_data.sounds import own_sounds
from edgekit.domains.own_data.texts import own_texts
from tests.support.own_folders import (
    hourly,
    picture,
    picture_folder,
    series_csv,
    sound_folder,
    texts_csv,
    tone,
    wav,
)


def pictures(root: Path) -> tuple[str, ...]:
    return own_pictures(root, (28, 32)).remarks


def sounds(root: Path) -> tuple[str, ...]:
    return own_sounds(root).examples.remarks


def texts(root: Path) -> tuple[str, ...]:
    return own_texts(root).remarks


def series(root: Path) -> tuple[str, ...]:
    return own_series(root).remarks


def boxes(root: Path) -> tuple[str, ...]:
    return own_boxes(root).remarks


def masks(root: Path) -> tuple[str, ...]:
    return own_masks(root).remarks


def empty_class(root: Path) -> None:
    (picture_folder(root) / "bird").mkdir()


def one_picture(root: Path) -> None:
    picture(picture_folder(root) / "bird" / "1.png", 7)


def one_class(root: Path) -> None:
    picture_folder(root / "data")


def no_folders(root: Path) -> None:
    picture(root / "1.png", 1)


def two_groups(root: Path) -> None:
    for name in ("cat", "dog"):
        for group in ("ann", "bob"):
            for number in range(3):
                picture(
                    root / name / group / f"{number}.png",
                    number + 10 * len(group + name) + ord(group[0]) + 7 * ord(name[0]),
                )


def a_copy_is_all(root: Path) -> None:
    for number in range(5):
        picture(picture_folder(root) / "bird" / f"{number}.png", 7)


def text_as_jpg(root: Path) -> None:
    (picture_folder(root) / "cat" / "note.jpg").write_text("no picture")


def cut_jpg(root: Path) -> None:
    path = picture(picture_folder(root) / "cat" / "cut.jpg", 5, side=64)
    path.write_bytes(path.read_bytes()[:500])


def tiny_picture(root: Path) -> None:
    picture(picture_folder(root) / "cat" / "dot.png", 5, side=4)


def huge_picture(root: Path) -> None:
    Image.new("1", (12000, 9000)).save(picture_folder(root) / "cat" / "huge.png")


def other_file(root: Path) -> None:
    (picture_folder(root) / "cat" / "readme.txt").write_text("about")


def hidden_file(root: Path) -> None:
    (picture_folder(root) / "cat" / ".DS_Store").write_text("about")


def unbalanced(root: Path) -> None:
    picture_folder(root)
    for number in range(30):
        picture(root / "cat" / f"more{number}.png", 50 + number)


def near_copy(root: Path) -> None:
    picture_folder(root)
    with Image.open(root / "cat" / "0.png") as image:
        image.resize((64, 64), Image.Resampling.BILINEAR).save(
            root / "cat" / "copy.jpg", quality=60
        )


def two_classes_alike(root: Path) -> None:
    picture_folder(root)
    (root / "dog" / "again.png").write_bytes((root / "cat" / "0.png").read_bytes())


def no_samples(root: Path) -> None:
    wav(sound_folder(root) / "low" / "none.wav", np.zeros(0))


def silence(root: Path) -> None:
    wav(sound_folder(root) / "low" / "still.wav", np.zeros(8000))


def no_wav(root: Path) -> None:
    (sound_folder(root) / "low" / "x.wav").write_bytes(b"RIFF")


def long_sound(root: Path) -> None:
    wav(sound_folder(root) / "low" / "long.wav", tone(300, 3, 8000, 9))


def few_sounds(root: Path) -> None:
    sound_folder(root, count=2)


def csv_of(heading: str, *lines: str) -> Callable[[Path], object]:
    return lambda root: (root / "x.csv").write_text("\n".join([heading, *lines]))


def text_rows(*more: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        path = texts_csv(root / "x.csv")
        path.write_text("\n".join([path.read_text(), *more]))

    return make


def latin_1(root: Path) -> None:
    (root / "x.csv").write_bytes("text,label\ncaf\xe9,good\n".encode("latin-1"))


def two_csvs(root: Path) -> None:
    texts_csv(root / "a.csv")
    texts_csv(root / "b.csv")


def series_of(
    change: Callable[[list[str]], list[str]], heading: str = "time,value"
) -> Callable[[Path], object]:
    return lambda root: series_csv(root / "x.csv", change(hourly()), heading)


def changed(index: int, line: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[:index], line, *lines[index + 1 :]]


def voc(name: str, box: tuple[int, int, int, int], listed: str = "") -> Callable[[Path], None]:
    def make(root: Path) -> None:
        picture(root / "1.png", 1)
        sides = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
        corners = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
        good = "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax>"
        good += "<ymax>9</ymax></bndbox></object>"
        thing = f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
        (root / "1.xml").write_text(f"<annotation>{good}{thing}</annotation>")
        if listed:
            (root / "classes.txt").write_text(listed)

    return make


def yolo(line: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        picture(root / "1.png", 1)
        (root / "1.txt").write_text(f"0 0.5 0.5 0.2 0.2\n{line}\n")
        (root / "data.yaml").write_text("nc: 2\nnames:\n  0: cat\n  1: dog\n")

    return make


def coco(category: int, file: str = "1.png") -> Callable[[Path], None]:
    def make(root: Path) -> None:
        picture(root / "1.png", 1)
        content = {
            "images": [{"id": 5, "file_name": "1.png"}, {"id": 6, "file_name": file}],
            "categories": [{"id": 1, "name": "cat"}],
            "annotations": [{"image_id": 5, "category_id": category, "bbox": [1, 1, 8, 8]}],
        }
        (root / "boxes.json").write_text(json.dumps(content))

    return make


def broken_json(root: Path) -> None:
    picture(root / "1.png", 1)
    (root / "boxes.json").write_text("{")


def mask_of(side: int, name: str = "1") -> Callable[[Path], None]:
    def make(root: Path) -> None:
        picture(root / "images" / "1.png", 1)
        (root / "masks").mkdir()
        mask = np.zeros((side, side), np.uint8)
        mask[:8] = 255
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")

    return make


REFUSED = [
    (pictures, empty_class, r"Class folder 'bird' .* holds no pictures .*; put some in, or remove"),
    (pictures, one_picture, r"Class 'bird' of .* has 1 different pictures .* each class needs 3"),
    (pictures, one_class, r"holds one class folder, 'data'; .* give '.*data'"),
    (
        pictures,
        no_folders,
        r"holds '1\.png' but no folders; expected a folder of pictures for each",
    ),
    (pictures, two_groups, r"names 2 groups, 'ann' and 'bob'; a split by group needs 3"),
    (pictures, a_copy_is_all, r"Class 'bird' of .* has 1 different pictures"),
    (sounds, few_sounds, r"Class 'high' of .* has 2 different WAV files"),
    (texts, csv_of("a good film,good", "a bad one,bad"), r"'x\.csv' begins with 'a good film', "),
    (texts, csv_of("text,label"), r"'x\.csv' has headings and no rows"),
    (texts, csv_of("", "a,b"), r"'x\.csv' is empty or begins with an empty line"),
    (texts, csv_of("text,label", "a,b,c"), r"Line 2 of 'x\.csv' has 3 cells, and there are 2"),
    (texts, csv_of("text,label", "fine,good", "nice,good"), r"has only the label 'good'; two"),
    (texts, latin_1, r"'x\.csv' is not text in UTF-8 \(byte 14\); save it"),
    (texts, two_csvs, r"holds 2 CSV files, such as 'a\.csv'; expected is one file"),
    (texts, lambda root: None, r"holds no CSV file; expected is one file"),
    (
        series,
        series_of(lambda lines: lines[1:], hourly()[0]),
        r"'x\.csv' begins .* no line of head",
    ),
    (
        series,
        series_of(changed(3, "01/02/2026,4")),
        r"Line 5 of 'x\.csv' holds '01/02/2026' where a",
    ),
    (series, series_of(changed(3, "2026-01-01T03,4;5")), r"Line 5 .* '4;5' where a number"),
    (series, series_of(lambda lines: lines[:200]), r"covers 200 hours; 720 \(30 days\) or more"),
    (series, series_of(lambda lines: lines[::24]), r"are 24 hours apart; .* one value an hour"),
    (series, csv_of("time,a,b", *[f"{line},1" for line in hourly()]), r"has 2 columns of numbers"),
    (boxes, voc("bird", (1, 1, 5, 5), "cat\ndog"), r"boxes of '1\.png' name the class 'bird'; the"),
    (boxes, yolo("2 0.5 0.5 0.1 0.1"), r"'1\.txt' names class 2; there are 2 names, 0 to 1"),
    (boxes, coco(9), r"'boxes\.json' gives '1\.png' a box of category 9; its categories are 1"),
    (boxes, broken_json, r"'boxes\.json' is no COCO file"),
    (boxes, no_folders, r"holds no picture with a box; expected are pictures with Pascal VOC"),
    (masks, mask_of(30), r"Mask '1\.png' has 30x30 pixels and its picture '1\.png' 32x32"),
    (masks, mask_of(32, "2"), r"No mask of .* is called like a picture"),
    (
        masks,
        no_folders,
        r"holds 1 pictures and no masks; expected are the folders images and masks",
    ),
]

READ = [
    (pictures, text_as_jpg, r"1 of 13 pictures could not be used .* 'cat/note\.jpg' \(not a pict"),
    (pictures, cut_jpg, r"'cat/cut\.jpg' \((?i:truncated|image file is truncated)"),
    (pictures, tiny_picture, r"'cat/dot\.png' \(4x4 pixels, and 8x8 are the least\)"),
    (pictures, huge_picture, r"'cat/huge\.png' \(has more than 89,478,485 pixels"),
    (pictures, other_file, r"1 file that is no picture of a class was passed over: 'cat/readme"),
    (pictures, hidden_file, r"^12 pictures of 2 classes, 6 of each"),
    (pictures, unbalanced, r"unbalanced: 'cat' has 36, 'dog' 6\. Always answering 'cat' .* 86 %"),
    (pictures, near_copy, r"2 pictures look like another one, such as 'cat/"),
    (pictures, two_classes_alike, r"Look at 1 pair of pictures that look alike and are of two"),
    (sounds, sound_folder, r"8,000 Hz, one channel; given were 6 of 8,000 Hz, 6 of 44,100 Hz"),
    (sounds, no_samples, r"'low/none\.wav' \(it holds no samples\)"),
    (sounds, silence, r"'low/still\.wav' \(silence\)"),
    (sounds, no_wav, r"1 of 13 WAV files could not be used and were left out: 'low/x\.wav'"),
    (sounds, long_sound, r"Longer than a second: 1, of which the middle second"),
    (texts, text_rows(",good", "...,bad"), r"Left out: 2 lines of 82 without word or label"),
    (
        texts,
        text_rows("new words,good", "New words!?,good", "new words,good"),
        r"Repeated, and used once: 1 text",
    ),
    (
        texts,
        text_rows("either way,good", "Either way,bad"),
        r"Left out: 2 texts that stand there with another label",
    ),
    (series, series_of(lambda lines: lines[::-1]), r"not in the order of time; they were put in"),
    (
        series,
        series_of(lambda lines: [*lines, lines[7]]),
        r"Of equal times the mean was used: 1 line more",
    ),
    (series, series_of(changed(5, "2026-01-01T05,NaN")), r"Left out: 1 line without a number"),
    (series, series_of(lambda lines: lines[:50] + lines[60:]), r"10 hours in 1 gap .* 10 hours f"),
    (series, series_of(lambda lines: lines[:50] + lines[52:]), r"2 hours, in gaps .* were filled"),
    (boxes, voc("dog", (20, 20, 99, 99)), r"Cut at the edge of their picture: 1 box"),
    (boxes, voc("dog", (40, 40, 60, 60)), r"Left out: 1 box outside or without an area"),
    (boxes, voc("dog", (9, 9, 3, 3)), r"Left out: 1 box outside or"),
    (boxes, yolo("1 1.0 1.0 0.5 0.5"), r"Cut at the edge of their picture: 1 box"),
    (boxes, coco(1, "lost.png"), r"'lost\.png' \(named by boxes\.json, and not in"),
]


@pytest.mark.parametrize(("read", "make", "said"), REFUSED)
def test_what_does_not_fit_gets_one_sentence(
    read: Callable[[Path], tuple[str, ...]],
    make: Callable[[Path], object],
    said: str,
    tmp_path: Path,
) -> None:
    make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadData, match=said) as error:
        read(tmp_path)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(".")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("read", "make", "said"), READ)
def test_what_can_be_read_is_and_what_was_done_is_said(
    read: Callable[[Path], tuple[str, ...]],
    make: Callable[[Path], object],
    said: str,
    tmp_path: Path,
) -> None:
    make(tmp_path)
    remarks = read(tmp_path)
    assert any(re.search(said, remark) for remark in remarks), remarks


def value_of(root: Path, name: str) -> Examples:
    own = own_pictures(root, (32,))
    assert f"cat/{name}" in own.sources
    return own


FORMS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "cmyk.jpg": lambda image: image.convert("CMYK"),
    "grey16.png": lambda image: Image.fromarray(np.asarray(image.convert("L")).astype("<u2") * 257),
    "moving.gif": lambda image: image,
    "palette.png": lambda image: image.quantize(64),
    "alpha.png": lambda image: image.convert("RGBA"),
    "grey.png": lambda image: image.convert("L"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_picture_gives_nearly_the_same_pixels(name: str, tmp_path: Path) -> None:
    picture_folder(tmp_path)
    with Image.open(tmp_path / "cat" / "0.png") as image:
        FORMS[name](image).save(tmp_path / "cat" / name)
    own = value_of(tmp_path, name)
    same, other = (own.sources.index(f"cat/{each}") for each in ("0.png", name))
    first, second = (own.values[index].mean(axis=2) for index in (same, other))
    assert np.abs(first - second).mean() < 16
    assert own.splits[same] == own.splits[other]


def test_a_picture_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    picture_folder(tmp_path)
    with Image.open(tmp_path / "cat" / "0.png") as image:
        turned = image.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = 6
        turned.save(tmp_path / "cat" / "turned.png", exif=exif)
    own = value_of(tmp_path, "turned.png")
    same, other = (own.sources.index(f"cat/{each}") for each in ("0.png", "turned.png"))
    np.testing.assert_array_equal(own.values[same], own.values[other])


def test_grey_pictures_make_a_network_of_one_channel(tmp_path: Path) -> None:
    for label in range(2):
        for number in range(5):
            picture(tmp_path / f"{label}" / f"{number}.png", 10 * label + number, mode="L", side=40)
    assert own_pictures(tmp_path, (28, 32, 48)).values.shape == (10, 32, 32, 1)


def test_a_mended_folder_is_read_again(tmp_path: Path) -> None:
    picture_folder(tmp_path)
    before = own_pictures(tmp_path, (28,))
    assert own_pictures(tmp_path, (28,)) is before
    picture(tmp_path / "cat" / "more.png", 77)
    assert len(own_pictures(tmp_path, (28,)).labels) == len(before.labels) + 1


def test_thirty_pictures_give_six_to_test(tmp_path: Path) -> None:
    own = own_pictures(picture_folder(tmp_path, names=("a", "b", "c"), count=10), (28,))
    for label in range(3):
        splits = own.splits[own.labels == label].tolist()
        assert [splits.count(name) for name in ("train", "validation", "test")] == [7, 1, 2]


def test_splits_follow_the_content_and_not_the_names(tmp_path: Path) -> None:
    first = own_pictures(picture_folder(tmp_path / "a"), (28,))
    picture_folder(tmp_path / "b")
    for path in (tmp_path / "b").glob("*/*.png"):
        path.rename(path.with_name(f"z{path.name}"))
    second = own_pictures(tmp_path / "b", (28,))
    np.testing.assert_array_equal(first.splits, second.splits)
    np.testing.assert_array_equal(first.values, second.values)


def test_groups_stay_together(tmp_path: Path) -> None:
    for group in range(10):
        for label, name in enumerate(("cat", "dog")):
            for number in range(2):
                seed = 100 * group + 10 * label + number
                picture(tmp_path / name / f"person{group}" / f"{number}.png", seed, bright=label)
    own = own_pictures(tmp_path, (28,))
    by_group: dict[str, set[str]] = {}
    for source, name in zip(own.sources, own.splits, strict=True):
        by_group.setdefault(source.split("/")[1], set()).add(name)
    assert len(by_group) == 10
    assert all(len(names) == 1 for names in by_group.values())
    assert {next(iter(names)) for names in by_group.values()} == {"train", "validation", "test"}


def test_a_users_own_splits_are_kept_and_copies_among_them_left_out(tmp_path: Path) -> None:
    picture_folder(tmp_path / "train")
    for label, name in enumerate(("cat", "dog")):
        for number in range(3):
            picture(tmp_path / "test" / name / f"{number}.png", 500 + 10 * label + number)
    (tmp_path / "train" / "cat" / "copy.png").write_bytes(
        (tmp_path / "test" / "cat" / "0.png").read_bytes()
    )
    own = own_pictures(tmp_path, (28,))
    for source, name in zip(own.sources, own.splits, strict=True):
        assert (name == "test") == source.startswith("test/")
    assert "train/cat/copy.png" not in own.sources
    assert any("they look like one of another: 1 pictures" in each for each in own.remarks)


def test_three_layouts_of_boxes_say_the_same(tmp_path: Path) -> None:
    for make, name in ((voc("cat", (3, 4, 20, 30)), "voc"), (coco(1), "coco")):
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    (tmp_path / "yolo").mkdir()
    yolo("1 0.25 0.5 0.25 0.5")(tmp_path / "yolo")
    assert own_boxes(tmp_path / "voc").pictures[0].boxes.tolist() == [[1, 1, 9, 9], [3, 4, 20, 30]]
    assert own_boxes(tmp_path / "coco").pictures[0].boxes.tolist() == [[1, 1, 9, 9]]
    found = own_boxes(tmp_path / "yolo")
    assert found.names == ("cat", "dog")
    np.testing.assert_allclose(found.pictures[0].boxes[1], [4, 8, 12, 24])
    assert found.pictures[0].labels.tolist() == [0, 1]


def test_masks_become_classes(tmp_path: Path) -> None:
    mask_of(32)(tmp_path)
    found = own_masks(tmp_path)
    assert found.values == (0, 255)
    classes = classes_of(read_mask(found.pairs[0][1]), found.values)
    assert classes[:8].all()
    assert not classes[8:].any()


def test_a_sound_of_44_khz_is_the_same_at_8(tmp_path: Path) -> None:
    sound_folder(tmp_path)
    wav(tmp_path / "low" / "a.wav", tone(440, 0.5, 8000, 1) * 0 + tone(440, 0.5, 8000, 1))
    time = np.arange(22050) / 44100
    wav(tmp_path / "low" / "b.wav", 0.5 * np.sin(2 * np.pi * 440 * time), rate=44100, channels=2)
    own = own_sounds(tmp_path)
    first, second = (own.examples.sources.index(f"low/{name}.wav") for name in "ab")
    assert np.corrcoef(own.examples.values[first], own.examples.values[second])[0, 1] > 0.98
    assert own.lengths[second] == 4000


def test_times_with_a_zone_become_utc(tmp_path: Path) -> None:
    lines = [line.replace(",", "+02:00,") for line in hourly()]
    found = own_series(series_csv(tmp_path / "x.csv", lines, "when,kW"))
    assert str(found.hours[0]) == "2025-12-31T22"
    assert found.name == "kW"


def unpacked(name: str, folder: Path) -> Path:
    """Unpack one of the public data sets, if it is here."""
    archive = Path(os.environ.get("EDGEKIT_DATA", "nowhere")) / f"{name}.tar.gz"
    if not archive.is_file():
        pytest.skip(f"'{archive}' is not here; it is one of the data sets of EDGEKIT_DATA.")
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize(
    ("name", "count", "num_boxes", "names"),
    [
        ("bccd", 364, 4886, ("Platelets", "RBC", "WBC")),
        ("playing-cards", 363, 670, ("ace", "jack", "king", "nine", "queen", "ten")),
    ],
)
def test_boxes_of_real_sets(
    name: str, count: int, num_boxes: int, names: tuple[str, ...], tmp_path: Path
) -> None:
    found = own_boxes(unpacked(name, tmp_path))
    assert len(found.pictures) == count
    assert sum(len(each.boxes) for each in found.pictures) == num_boxes
    assert found.names == names
    for each in found.pictures:
        assert (each.boxes >= 0).all()
        assert (each.boxes <= [*each.size, *each.size]).all()


def test_masks_of_a_real_set(tmp_path: Path) -> None:
    found = own_masks(unpacked("isbi-membrane", tmp_path) / "isbi-membrane/data/membrane/train")
    assert len(found.pairs) == 30
    assert found.values == (0, 255)
    share = classes_of(read_mask(found.pairs[0][1]), found.values).mean()
    assert 0.6 < share < 0.9


@pytest.mark.slow
def test_real_photos_are_not_taken_for_copies(tmp_path: Path) -> None:
    root = unpacked("sign-language-digits", tmp_path) / "sign-language-digits/Dataset"
    for path in list(root.glob("*/*"))[::2]:
        path.unlink()
    own = own_pictures(root, (28,))
    assert own.label_names == tuple("0123456789")
    assert not any("look" in remark for remark in own.remarks)
