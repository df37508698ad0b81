"""Write `blood_cells_small.npz` and `playing_cards_small.npz`: smaller pictures with their boxes.

Run `python benchmarks/samples/make_boxed_pictures_small.py`; it takes the whole data sets from
EDGEKIT_DATA, or downloads them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image, ImageOps

from edgekit.core.paths import atomic
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.vision.boxed_pictures import BoxedFile, packed, whole_files

Counts = Mapping[str, Mapping[bool, int]]
"""Split -> how many pictures of one box, and of several."""

CELLS: Counts = {
    "train": {False: 62, True: 2},
    "validation": {False: 6, True: 0},
    "test": {False: 20, True: 0},
}
CARDS: Counts = {
    "train": {False: 10, True: 30},
    "validation": {False: 1, True: 5},
    "test": {False: 4, True: 20},
}


def main() -> None:
    """Write both into `edgekit/datasets/`; each stays below 300 kB."""
    for name, counts, shorter, quality in (
        ("blood_cells", CELLS, 240, 60),
        ("playing_cards", CARDS, 128, 60),
    ):
        files = [_smaller(file, shorter, quality) for file in _spread(whole_files(name), counts)]
        with atomic(PACKAGED / f"{name}_small.npz") as path:
            np.savez(path, **packed(files))  # type: ignore[arg-type]  # taken for allow_pickle


def _spread(files: Sequence[BoxedFile], counts: Counts) -> Iterator[BoxedFile]:
    """Give pictures of every kind that is wanted, evenly from among all."""
    for split, wanted in counts.items():
        for single, count in wanted.items():
            kind = [f for f in files if f.split == split and (len(f.boxes) == 1) == single]
            yield from (kind[i] for i in np.linspace(0, len(kind) - 1, count).round().astype(int))


def _smaller(file: BoxedFile, shorter: int, quality: int) -> BoxedFile:
    with Image.open(io.BytesIO(file.content)) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    scale = shorter / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    stream = io.BytesIO()
    image.resize(size, Image.Resampling.BOX).save(stream, "WEBP", quality=quality, method=6)
    return BoxedFile(
        content=stream.getvalue(),
        boxes=np.asarray(file.boxes * scale, np.float32),
        labels=file.labels,
        split=file.split,
    )


if __name__ == "__main__":
    main()
