"""Write `pedestrians_small.npz`: windows of the film of pedestrians, with the people in them.

Run `python benchmarks/samples/make_pedestrians_small.py`; it takes the film from EDGEKIT_DATA, or
downloads it.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from edgekit.core.paths import atomic
from edgekit.core.types import Array, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.pose.pedestrians import SAMPLE, counted, windows

COUNTS: dict[Split, int] = {"train": 60, "validation": 8, "test": 28}
QUALITY = 55


def main() -> None:
    """Write the sample into `edgekit/datasets/`; it stays below 300 kB."""
    content: list[bytes] = []
    people: list[Array] = []
    ignored: list[Array] = []
    for split, count in COUNTS.items():
        found = windows(split, "full")
        num_people = counted(found.people)[..., 2].any(axis=2).sum(axis=1)
        alone, several = (np.flatnonzero(chosen) for chosen in (num_people == 1, num_people > 1))
        for kind in (alone, several):
            spread = kind[np.linspace(0, len(kind) - 1, count // 2).round().astype(int)]
            content += [_packed(image) for image in found.images[spread]]
            people.append(found.people[spread])
            ignored.append(found.ignored[spread])
    splits = np.repeat(list(COUNTS), [count // 2 * 2 for count in COUNTS.values()])
    with atomic(PACKAGED / SAMPLE) as path:
        np.savez_compressed(
            path,
            content=np.frombuffer(b"".join(content), np.uint8),
            lengths=np.array([len(each) for each in content], np.int32),
            people=np.concatenate(people).astype(np.float16),
            ignored=np.concatenate(ignored).astype(np.float16),
            splits=splits,
        )


def _packed(image: Array) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "WEBP", quality=QUALITY, method=6)
    return stream.getvalue()


if __name__ == "__main__":
    main()
