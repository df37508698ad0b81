"""What is known of photos of playing cards: of some boxes and groups, of others the ranks alone.

Half of the training photos have boxes that say court card, pip card or ace, and some no more than
card; of the other half it is known which ranks they show, and not where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgekit.core.types import Array, Size, Split
from edgekit.domains.vision.boxed_pictures import BoxedSet, playing_cards
from edgekit.on_device.vision.boxes import NO_LABEL
from edgekit.on_device.vision.word_tree import ROOT, tree_of

TREE = tree_of(
    ["card", "court card", "pip card", "ace", "jack", "queen", "king", "nine", "ten"],
    [-1, 0, 0, 0, 1, 1, 1, 2, 2],
)
ONLY_CARD = 5
"""Every so many boxes to train on one says no more than card."""


def known(split: Split, size: Size, shape: Sequence[int]) -> tuple[BoxedSet, Array]:
    """Return photos with what is known of them.

    Args:
        split: Test and validation photos keep boxes and ranks.
        size: Of the data.
        shape: Height, width and channels that a network takes.

    Returns:
        Boxes whose labels are numbers of names; and which ranks each photo is known to show, `(n,
        scores)`: 1 in the columns of their names.
    """
    photos = playing_cards(split, size, shape)
    ranks = np.array([TREE.names.index(name) for name in photos.names])
    is_box = photos.labels > NO_LABEL
    labels = np.where(is_box, ranks[photos.labels], NO_LABEL).astype(np.int32)
    shown = np.zeros((len(photos), TREE.num_scores), np.float32)
    if split in ("train", "calibration"):
        hidden = np.arange(len(photos)) % 2 == 1  # in every other photo
        rows, columns = np.nonzero(is_box & hidden[:, None])
        shown[rows, labels[rows, columns] - 1] = 1
        labels = np.where(is_box, TREE.groups()[labels], NO_LABEL).astype(np.int32)
        labels.reshape(-1)[np.flatnonzero(is_box)[::ONLY_CARD]] = ROOT
        labels[hidden] = NO_LABEL
    boxes = np.where((labels > NO_LABEL)[..., None], photos.boxes, 0)
    return replace(photos, boxes=boxes, labels=labels, names=TREE.names), shown
