"""Cards known by box and group or by rank alone: what training is told, and how it is judged."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.recipe import Dataset
from edgekit.core.types import Batch
from edgekit.domains.cards.batches import varied
from edgekit.domains.cards.labels import TREE, known
from edgekit.domains.cards.scoring import details, mean_boxes, score
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import playing_cards
from edgekit.on_device.vision.boxes import NO_LABEL
from edgekit.on_device.vision.word_tree import ROOT

SHAPE = (96, 96, 3)
NAMES = {name: number for number, name in enumerate(TREE.names)}


def test_no_training_photo_tells_both_where_a_card_is_and_its_rank() -> None:
    photos, shown = known("train", "tiny", SHAPE)
    has_boxes = (photos.labels > NO_LABEL).any(axis=1)
    assert (has_boxes != shown.any(axis=1)).all()
    assert 0.4 < has_boxes.mean() < 0.6
    assert not photos.boxes[~has_boxes].any()
    above = {ROOT, NAMES["court card"], NAMES["pip card"], NAMES["ace"]}
    assert set(photos.labels[has_boxes].ravel()) == {NO_LABEL, *above}


def test_a_photo_shows_the_ranks_that_its_hidden_boxes_had() -> None:
    photos, shown = known("train", "tiny", SHAPE)
    original = playing_cards("train", "tiny", SHAPE)
    for index in np.flatnonzero(shown.any(axis=1)):
        labels = original.labels[index][original.labels[index] > NO_LABEL]
        names = {TREE.names[column + 1] for column in np.flatnonzero(shown[index])}
        assert names == {original.names[label] for label in labels}
        assert (photos.labels[index] == NO_LABEL).all()


def test_test_photos_keep_boxes_and_ranks() -> None:
    photos, shown = known("test", "tiny", SHAPE)
    assert set(photos.labels[photos.labels > NO_LABEL]) <= set(TREE.leaves)
    assert not shown.any()


def answers(*cards: tuple[str, float, list[float]]) -> Batch:
    names, scores, boxes = zip(*cards, strict=True)
    labels = np.array([[NAMES[name] for name in names]], np.float32)
    return {
        "boxes": np.array([boxes], np.float32),
        "labels": labels,
        "scores": np.array([scores], np.float32),
    }


QUEEN, NINE = [0.0, 0.0, 40.0, 60.0], [100.0, 0.0, 140.0, 60.0]
PHOTO = Dataset(
    inputs={"image": np.zeros((1, 8, 8, 3), np.float32)},
    targets={
        "boxes": np.array([[QUEEN, NINE]], np.float32),
        "labels": np.array([[NAMES["queen"], NAMES["nine"]]]),
    },
)


def test_varied_photos_keep_what_is_known_of_them() -> None:
    photos, shown = known("train", "tiny", SHAPE)
    images, targets = next(varied(photos, shown, 16))
    assert images.shape == (16, *SHAPE)
    assert images.dtype == np.float32
    assert 0 <= images.min() < images.max() <= 1
    has_boxes = (targets["labels"] > NO_LABEL).any(axis=1)
    assert has_boxes.any()
    assert not (has_boxes & targets["shown"].any(axis=1)).any()
    assert (targets["boxes"] >= 0).all()
    assert (targets["boxes"] <= SHAPE[0]).all()


def test_to_say_the_group_alone_finds_a_card_and_names_no_rank() -> None:
    def run(_: Batch) -> Batch:
        return answers(("court card", 0.9, QUEEN), ("nine", 0.8, NINE))

    assert score(run, PHOTO) == pytest.approx(100)
    figures = details(run, PHOTO)
    assert figures["cards found, %"] == 100
    assert figures["ranks right of cards found, %"] == 50
    assert figures["ranks said of cards found, %"] == 50
    assert figures["ranks right of those said, %"] == 100
    assert figures["ranks right by guessing within the group, %"] == pytest.approx(100 * 5 / 12)


def test_a_wrong_rank_of_the_right_group_is_a_card_found() -> None:
    def run(_: Batch) -> Batch:
        return answers(("king", 0.9, QUEEN), ("queen", 0.8, NINE))

    figures = details(run, PHOTO)
    assert figures["cards found, %"] == 50
    assert figures["ranks right of cards found, %"] == 0
    assert score(run, PHOTO) == pytest.approx(50)


def test_a_box_that_the_program_would_not_show_finds_no_card() -> None:
    def run(_: Batch) -> Batch:
        return answers(("queen", 0.9, QUEEN), ("nine", 0.2, NINE))

    figures = details(run, PHOTO)
    assert figures["cards found, %"] == 50
    assert figures["ranks right of cards found, %"] == 100


def test_mean_boxes_find_little() -> None:
    photos, _ = known("train", "tiny", SHAPE)
    test, _ = known("test", "tiny", SHAPE)
    assert 0 <= mean_boxes(photos, detection.dataset(test)) < 20
