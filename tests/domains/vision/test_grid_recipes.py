"""What recipes of detectors with grids share."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.domains.vision.boxed_batches import endless_batches, resized
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.domains.vision.grid_recipes import own_epochs, parts, with_anchors
from edgekit.on_device.vision.grid_cells import Grid, GridCells

DETECTOR = GridCells(
    grids=(Grid(8, ((9.0, 9.0), (9.0, 9.0))), Grid(16, ((9.0, 9.0),))), num_classes=3
)


def boxed(count: int) -> BoxedSet:
    random = np.random.default_rng(0)
    left_top = random.uniform(0, 16, (count, 2, 2))
    boxes = np.concatenate([left_top, left_top + random.uniform(8, 16, (count, 2, 2))], axis=2)
    labels = np.tile(np.array([1, -1], np.int32), (count, 1))
    return BoxedSet(
        images=random.integers(0, 256, (count, 32, 64, 3), np.uint8),
        boxes=(boxes * (labels >= 0)[..., None]).astype(np.float32),
        labels=labels,
        names=("a", "b"),
    )


def test_small_cells_get_the_small_anchors() -> None:
    sizes = np.repeat([[8.0, 8.0], [16.0, 20.0], [50.0, 40.0]], 30, axis=0)
    own = with_anchors(DETECTOR, sizes, num_classes=7)
    assert own.num_classes == 7
    assert own.grids[0] == Grid(8, [(8.0, 8.0), (16.0, 20.0)])
    assert own.grids[1] == Grid(16, [(50.0, 40.0)])


def test_boxes_of_one_size_serve_all_predictors() -> None:
    own = with_anchors(DETECTOR, np.full((10, 2), 12.0), num_classes=1)
    assert {anchor for grid in own.grids for anchor in grid.anchors} == {(12.0, 12.0)}
    assert [len(grid.anchors) for grid in own.grids] == [2, 1]


def test_the_file_has_two_outputs_for_each_grid() -> None:
    signature = parts((32, 64, 3), DETECTOR, ("a", "b", "c")).signatures["network"]
    assert {tensor.name: tensor.shape for tensor in signature.outputs} == {
        "boxes_8": (1, 4, 8, 8),
        "scores_8": (1, 4, 8, 8),
        "boxes_16": (1, 2, 4, 4),
        "scores_16": (1, 2, 4, 4),
    }
    by_cell = parts((32, 64, 3), DETECTOR._replace(classes="cell"), ("a", "b", "c"))
    assert by_cell.signatures["network"].outputs[1].shape == (1, 4, 8, 5)


def test_a_round_of_batches_shows_every_picture_once() -> None:
    pictures = boxed(10)
    plain = BoxedSet(
        images=np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(64, 2),
        boxes=pictures.boxes,
        labels=pictures.labels,
        names=pictures.names,
    )
    batches = endless_batches(
        plain, np.random.default_rng(0), batch_size=4, shift=0.0, zoom=(1.0, 1.0)
    )
    for _ in range(3):
        images, targets = next(batches)
        assert images.shape == (4, 32, 64, 1)
        assert images.dtype == np.float32
        assert 0 <= images.min() <= images.max() <= 1
        assert targets["boxes"].shape == (4, 2, 4)
        assert targets["labels"].tolist() == [[1, -1]] * 4


def test_fewer_pictures_than_a_batch_are_one_batch() -> None:
    images, _ = next(endless_batches(boxed(3), np.random.default_rng(0), batch_size=8))
    assert len(images) == 3


@pytest.mark.parametrize("shape", [(16, 32, 3), (48, 96, 3), (32, 64, 3)])
def test_boxes_change_their_size_with_the_pictures(shape: tuple[int, int, int]) -> None:
    pictures = boxed(2)
    batch = (pictures.images.astype(np.float32) / 255, {"boxes": pictures.boxes})
    images, targets = resized(batch, shape)
    assert images.shape == (2, *shape)
    assert targets["boxes"] == pytest.approx(pictures.boxes * shape[1] / 64)
    assert images.mean() == pytest.approx(batch[0].mean(), abs=0.02)


def test_few_pictures_are_shown_more_often() -> None:
    assert [own_epochs(boxed(count), "tiny") for count in (2, 8, 20, 60)] == [100, 50, 20, 10]
