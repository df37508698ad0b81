"""What there is to say of a user's pictures with boxes, in sentences."""

from __future__ import annotations

import numpy as np

from edgekit.domains.own_boxed.pictures import OwnBoxed
from edgekit.domains.own_data.examples import UNBALANCED
from edgekit.domains.own_data.files import counted
from edgekit.domains.vision.anchors import sizes_of
from edgekit.on_device.vision.boxes import MOST, NO_LABEL

FEW = 200
"""Training pictures below which a report says that more would help."""

SMALL = 8.0
"""Pixels of a box's shorter side, at the network's size, below which it is hard to find."""


def counted_boxes(own: OwnBoxed) -> tuple[str, ...]:
    """Say how many boxes of which classes there are, and whether that is unbalanced."""
    labels, names = own.pictures.labels, own.names
    counts = np.bincount(labels[labels > NO_LABEL], minlength=len(names))
    most, least = int(counts.argmax()), int(counts.argmin())
    classes = counted(len(names), "class", "classes")
    said = f"{counts.sum():,} boxes of {classes} on {len(labels):,} pictures"
    if counts[most] < UNBALANCED * counts[least]:
        return (f"{said}.",)
    return (
        f"{said}; unbalanced: '{names[most]}' has {counts[most]:,}, '{names[least]}' "
        f"{counts[least]:,}. Every class counts the same in the score.",
    )


def warnings(own: OwnBoxed) -> tuple[str, ...]:
    """Say what makes things hard to find, and how sure the score can be."""
    said = []
    train = int((own.splits == "train").sum())
    if train < FEW:
        said.append(
            f"{counted(train, 'picture')} to train on are few; with {FEW} or more, a detector that "
            "begins from nothing finds much more."
        )
    test = own.pictures.labels[own.splits == "test"]
    counts = np.bincount(test[test > NO_LABEL], minlength=len(own.names))
    least = int(counts.argmin())
    if not counts[least]:
        said.append(f"No test picture shows '{own.names[least]}', so its boxes are never scored.")
    else:
        said.append(
            f"The test pictures show '{own.names[least]}' {counted(int(counts[least]), 'time')}: "
            f"one more or less that is found is {100 / counts[least]:.1f} points of its recall."
        )
    sizes = sizes_of(own.pictures.boxes, own.pictures.labels).min(axis=1)
    if small := int((sizes < SMALL).sum()):
        said.append(
            f"Narrower than {SMALL:g} pixels where the network sees them, so hard to find: "
            f"{small:,} of {len(sizes):,} boxes; cut such pictures into pieces."
        )
    crowded = (own.pictures.labels > NO_LABEL).sum(axis=1)
    if over := int((crowded > MOST).sum()):
        said.append(
            f"{counted(over, 'picture')} have more than {MOST} boxes, and a detector answers no "
            "more of them."
        )
    return tuple(said)
