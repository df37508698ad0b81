"""By which of its classes a picture of many things is split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.own_data.splitting import LEAST


def rarest_classes(labels: Sequence[Array], names: Sequence[str]) -> tuple[Array, list[str]]:
    """Return for each picture what it is split by, and the names of that: its rarest class.

    So the classes of which there are few come into every split. What would be too few to split,
    and pictures without a box, go with the most common.
    """
    counts = np.zeros(len(names), int)
    for each in labels:
        counts[np.unique(each)] += 1
    most_common = int(counts.argmax())
    rarest = np.array(
        [min(each, key=lambda k: counts[k]) if len(each) else most_common for each in labels]
    )
    sizes = np.bincount(rarest, minlength=len(names))
    largest = int(sizes.argmax())
    rarest = np.where(sizes[rarest] < LEAST, largest, rarest)
    used = np.unique(rarest)
    return np.searchsorted(used, rarest).astype(np.int32), [names[k] for k in used]
