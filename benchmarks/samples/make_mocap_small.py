"""Write `mocap_small.npz`: where 17 joints are in every eighth frame of two motion captures.

Run `python benchmarks/samples/make_mocap_small.py`; it takes the captures from EDGEKIT_DATA, or
downloads them.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.paths import atomic
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.pose.motion import SAMPLE, read_upstream

EVERY = 8


def main() -> None:
    """Write the sample into `edgekit/datasets/`, in whole millimetres."""
    jumps, walk = (np.rint(capture[::EVERY]).astype(np.int16) for capture in read_upstream())
    with atomic(PACKAGED / SAMPLE) as path:
        np.savez_compressed(path, jumps=jumps, walk=walk)


if __name__ == "__main__":
    main()
