"""What proposals and regions are taught; training cuts out and moves as the device does."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Array
from edgekit.domains.vision import regions
from edgekit.domains.vision.overlaps import all_overlaps
from edgekit.on_device.vision import boxes as on_boxes
from edgekit.on_device.vision import regions as on_device
from edgekit.on_device.vision.regions import TwoStages, anchor_boxes

DETECTOR = TwoStages(stride=8, side=5, anchors=((16, 16), (40, 24)), proposals=6)
SHAPE = (48, 64)
ANCHORS = anchor_boxes(DETECTOR, 6, 8)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def random_boxes(random: np.random.Generator, *shape: int) -> Array:
    first = random.uniform([0, 0], [44, 30], (*shape, 2))
    return np.concatenate([first, first + random.uniform(6, 18, (*shape, 2))], -1).astype("float32")


def random_targets(random: np.random.Generator, count: int = 3) -> dict[str, Array]:
    labels = random.integers(-1, 3, (count, 5))
    boxes = np.where(labels[..., None] >= 0, random_boxes(random, count, 5), 0)
    return {"boxes": boxes.astype(np.float32), "labels": labels.astype(np.float32)}


def test_overlaps_are_those_of_the_device(random: np.random.Generator) -> None:
    a, b = random_boxes(random, 3, 20), random_targets(random)["boxes"]
    found = np.asarray(all_overlaps(a, b))
    assert np.allclose(found, on_boxes.intersection_over_union(a, b), atol=1e-6)


def test_regions_moved_by_what_they_are_to_say_become_the_boxes(
    random: np.random.Generator,
) -> None:
    a, b = random_boxes(random, 2, 7), random_boxes(random, 2, 7)
    shifts = np.asarray(regions.shifts_to(b, a))
    assert np.allclose(regions.shifted(a, shifts), b, atol=1e-3)
    assert np.allclose(on_device.shifted(a, shifts), b, atol=1e-3)


def test_regions_are_cut_out_as_on_the_device(random: np.random.Generator) -> None:
    cells = random.random((2, 6, 8, 3), np.float32)
    given = random_boxes(random, 2, 7) * 1.4 - 8  # some reach over the edge
    for margin in (0.0, 0.3):
        of = DETECTOR._replace(margin=margin)
        found = np.asarray(regions.cut_out(cells, given, of))
        for index in range(2):
            expected = on_device.cut_out(cells[index], given[index], of)
            assert np.allclose(found[index], expected, atol=1e-4)


def test_each_region_is_assigned_the_box_it_overlaps_most(random: np.random.Generator) -> None:
    targets, given = random_targets(random), random_boxes(random, 3, 20)
    found = regions.assigned(given, targets)
    overlaps = on_boxes.intersection_over_union(given, targets["boxes"])
    assert np.allclose(found.overlap, overlaps.max(-1), atol=1e-6)
    for index in range(3):
        touching = overlaps[index].max(-1) > 0
        nearest = overlaps[index].argmax(-1)
        assert np.array_equal(
            np.asarray(found.labels)[index][touching], targets["labels"][index][nearest][touching]
        )
        assert np.allclose(
            np.asarray(found.boxes)[index][touching], targets["boxes"][index][nearest][touching]
        )
        for box in np.flatnonzero(overlaps[index].max(0) > regions.LEAST_BEST + 1e-3):
            assert np.asarray(found.is_best)[index][overlaps[index][:, box].argmax()]


def perfect(targets: dict[str, Array], given: Array) -> tuple[Array, Array, Array]:
    """Return whether each region is a thing, what it shows, and the shifts to its box."""
    found = regions.assigned(given, targets)
    shows = np.asarray(found.overlap) >= regions.SHOWS_THING
    scores = np.eye(4, dtype=np.float32)[np.where(shows, np.asarray(found.labels) + 1, 0)]
    wide = np.broadcast_to(given, (*found.overlap.shape, 4)).astype(np.float32)
    return shows, scores, np.asarray(regions.shifts_to(found.boxes, wide))


def test_who_says_all_right_loses_nothing(random: np.random.Generator) -> None:
    targets = random_targets(random)
    found = regions.assigned(ANCHORS[None], targets)
    is_thing = (np.asarray(found.overlap) >= regions.IS_THING) | np.asarray(found.is_best)
    _, _, shifts = perfect(targets, ANCHORS[None])
    right = regions.proposal_loss(is_thing.astype(np.float32), shifts, ANCHORS, targets)
    wrong = regions.proposal_loss((~is_thing).astype(np.float32), shifts + 1, ANCHORS, targets)
    assert np.asarray(right).shape == (3,)
    assert np.asarray(right).max() < 1e-3
    assert np.asarray(wrong).min() > 1

    given = targets["boxes"] + np.array([1.0, -1, 0, 1], np.float32) * (
        targets["labels"][..., None] >= 0
    )
    _, scores, shifts = perfect(targets, given)
    right = regions.region_loss(scores, shifts, given, targets)
    wrong = regions.region_loss(np.roll(scores, 1, -1), shifts + 1, given, targets)
    assert np.asarray(right).max() < 1e-4
    assert np.asarray(wrong).min() > 1


def test_padding_counts_for_nothing(random: np.random.Generator) -> None:
    targets = random_targets(random)
    given = random_boxes(random, 3, 4)
    scores = np.full((3, 4, 4), 0.25, np.float32)
    shifts = np.zeros((3, 4, 4), np.float32)
    longer = [np.pad(each, ((0, 0), (0, 3), (0, 0))) for each in (scores, shifts, given)]
    longer[0][:, 4:] = [0.1, 0.9, 0, 0]
    alone = regions.region_loss(scores, shifts, given, targets)
    assert np.allclose(
        alone, regions.region_loss(longer[0], longer[1], longer[2], targets), atol=1e-6
    )


def test_a_picture_of_nothing_teaches_to_propose_nothing() -> None:
    targets = {"boxes": np.zeros((1, 5, 4), np.float32), "labels": np.full((1, 5), -1.0)}
    shifts = np.zeros((1, len(ANCHORS), 4), np.float32)
    quiet, loud = (
        regions.proposal_loss(
            np.full((1, len(ANCHORS)), sure, np.float32), shifts, ANCHORS, targets
        )
        for sure in (0.01, 0.5)
    )
    assert float(quiet[0]) < 0.01 < float(loud[0])


def test_one_file_proposes_the_surest_of_neighbours(random: np.random.Generator) -> None:
    objectness = random.random((2, 6, 8, 2), np.float32)
    shifts = random.normal(size=(2, 6, 8, 8)).astype(np.float32)
    found = np.asarray(regions.proposed(objectness, shifts, SHAPE, DETECTOR))
    assert found.shape == (2, 6, 4)
    assert (found >= 0).all()
    assert (found <= [64, 48, 64, 48]).all()
    for index in range(2):
        moved = on_device.shifted(ANCHORS, shifts[index].reshape(-1, 4))
        best = np.clip(moved[objectness[index].argmax()], 0, [64, 48, 64, 48])
        assert np.allclose(found[index, 0], best, atol=1e-3)
