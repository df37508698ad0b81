"""What people look at: counts of answers, which examples come first, how answers differ."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.on_device.vision.drawing import Drawing
from edgekit.reporting.seen import read_seen, write_seen
from edgekit.showing import examples
from edgekit.showing.differences import difference
from edgekit.showing.examples import MOST_BYTES, Pictures, show_of
from edgekit.showing.tally import recalls, tally_of
from tests.support.example_seen import (
    classified,
    classifier,
    detected,
    detector,
    seen_classifier,
    seen_detector,
    shown,
)

GREY = np.full((40, 80, 1), 0.5, np.float32)


def test_a_classifier_s_answers_are_counted_by_class() -> None:
    test, reference, _ = classified()
    tally = tally_of(classifier(), lambda _: reference, test)
    assert tally is not None
    counts = np.array(tally.taken_for)
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(test.target(), minlength=10))
    assert np.trace(counts) == (reference["scores"].argmax(axis=1) == test.target()).sum()
    named = recalls(tally)
    assert named["Trouser named so, %"] == pytest.approx(100 * counts[1, 1] / counts[1].sum())


def test_a_detector_s_precision_is_kept_at_every_recall() -> None:
    test, reference, worse = detected()
    before = tally_of(detector(), lambda _: reference, test)
    after = tally_of(detector(), lambda _: worse, test)
    assert before
    assert after
    assert [np.mean(curve) for curve in before.precisions] == pytest.approx([1, 1, 1])
    assert 0.5 < min(np.mean(curve) for curve in after.precisions) < 0.95
    assert recalls(before) == {}


def test_what_is_no_class_is_not_counted() -> None:
    test, reference, _ = classified()
    regression = replace(test, targets=test.target().astype(np.float32))
    assert tally_of(classifier(), lambda _: reference, regression) is None
    masks = replace(test, targets={"mask": np.zeros((len(test), 28, 28))})
    assert tally_of(classifier(), lambda _: reference, masks) is None
    many = replace(classifier(), signature=replace(classifier().signature, labels=()))
    assert tally_of(many, lambda _: reference, test) is None


def test_those_that_differ_most_come_first_and_others_follow() -> None:
    seen = seen_classifier()
    assert (seen.compared, seen.variant) == (200, "int8")
    flags = [example.differs for example in seen.examples]
    assert flags == sorted(flags, reverse=True)
    assert 0 < sum(flags) == seen.different < len(flags)
    first = seen.examples[0]
    assert first.is_text
    assert first.right
    assert first.right.text in classifier().signature.labels
    assert first.reference.text.split()[0] != first.file.text.split()[0]
    assert first.reference.text.endswith(" %")
    assert len(seen.pictures) == len(seen.examples)  # each picture once, for three answers
    assert all(picture.is_small for picture in seen.pictures)


def test_boxes_are_kept_as_numbers_over_one_picture() -> None:
    seen = seen_detector()
    worse = detected()[2]
    assert seen.different == 3
    first = seen.examples[0]
    assert (first.number - 1) % 4 == 0
    assert first.right
    assert len(first.right.boxes) == 6
    assert len(first.file.boxes) == 4
    np.testing.assert_allclose(first.file.boxes[0], worse["boxes"][first.number - 1][2], atol=0.01)
    picture = seen.pictures[first.file.picture]
    content = base64.b64decode(picture.data.partition(",")[2])
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", (128, 96))
    assert not first.is_text


def test_a_large_picture_is_made_smaller_with_all_that_is_drawn() -> None:
    drawing = Drawing(
        picture=np.zeros((600, 960, 3)),
        boxes=np.array([[96, 60, 192, 120]]),
        kinds=[1],
        mask=np.ones((600, 960), int),
        points=np.array([[[96, 60, 1], [0, 0, 0]]]),
        bones=[(0, 1)],
    )
    pictures = Pictures()
    drawn = pictures.drawn(drawing)
    assert (pictures.all[0].width, pictures.all[0].height) == (480, 300)
    assert drawn.boxes == ((48, 30, 96, 60),)
    assert drawn.joints == (((48, 30), None),)
    with Image.open(io.BytesIO(base64.b64decode(drawn.mask.partition(",")[2]))) as mask:
        assert mask.size == (480, 300)
        assert mask.convert("RGBA").getpixel((5, 5)) == pytest.approx((86, 180, 233, 115), abs=3)


def test_a_page_s_pictures_have_an_end() -> None:
    noise = np.random.default_rng(0).random((8, 480, 480, 3))
    drawings = [Drawing(picture=each, boxes=np.zeros((0, 4))) for each in noise]
    seen = shown(drawings, drawings)
    total = sum(len(picture.data) for picture in seen.pictures)
    assert total < MOST_BYTES + 400_000
    assert 0 < len(seen.examples) < 8


def test_what_is_seen_is_read_back_and_nothing_else(tmp_path: Path) -> None:
    for seen in (seen_classifier(), seen_detector()):
        write_seen(seen, tmp_path)
        assert read_seen(tmp_path) == seen
    (tmp_path / "seen.json").write_text('{"variant": 3}')
    assert read_seen(tmp_path) is None
    assert read_seen(tmp_path / "nowhere") is None


BOX = Drawing(picture=GREY, boxes=np.array([[0, 0, 10, 10.0]]), kinds=[1])


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        (BOX, BOX, 0, 0),
        (BOX, BOX._replace(boxes=np.array([[0, 0, 10, 9.0]])), 0.05, 0.2),
        (BOX, BOX._replace(boxes=np.array([[20, 0, 30, 9.0]])), 2, 2),
        (BOX, BOX._replace(kinds=[2]), 2, 2),
        (BOX, BOX._replace(boxes=np.zeros((0, 4)), kinds=[]), 1, 1),
        (Drawing(GREY, text="Coat 51 %"), Drawing(GREY, text="Coat 99 %"), 0, 0),
        (Drawing(GREY, text="Coat 51 %"), Drawing(GREY, text="Bag 51 %"), 1, 1),
        (Drawing(GREY, text="4 51 %"), Drawing(GREY, text="7 51 %"), 1, 1),
        (Drawing(GREY, text="4 51 %"), Drawing(GREY, text="4 7 51 %"), 1, 1),
        (
            Drawing(GREY, mask=np.zeros((10, 10))),
            Drawing(GREY, mask=np.eye(10)),
            2,
            2,
        ),
        (
            Drawing(GREY, points=np.array([[[0, 0], [0, 100.0]]])),
            Drawing(GREY, points=np.array([[[5, 0], [5, 100.0]]])),
            0.5,
            0.5,
        ),
        (
            Drawing(GREY, points=np.zeros((1, 3, 2))),
            Drawing(GREY, points=np.zeros((2, 3, 2))),
            1,
            1,
        ),
    ],
)
def test_answers_differ_by_what_is_seen(
    one: Drawing, other: Drawing, least: float, most: float
) -> None:
    assert least - 1e-9 <= difference(one, other) <= most + 1e-9
    assert least - 1e-9 <= difference(other, one) <= most + 0.1


def test_only_what_can_be_seen_is_shown() -> None:
    assert show_of(classifier())
    assert show_of(detector())
    words = replace(
        classifier(),
        signature=replace(
            classifier().signature,
            inputs=(replace(classifier().signature.inputs[0], shape=(1, 50, 32)),),
        ),
    )
    assert show_of(words) is None
    assert examples.MOST_WORDS > examples.MOST_DRAWN
