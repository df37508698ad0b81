"""Write `spoken_digits_small.npz`: seven recordings of each digit by each of two speakers.

Run as `python -m edgekit.datasets.make_spoken_digits_small`; needs the upstream archive. They are
coded as 4-bit IMA ADPCM.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.paths import atomic
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.speech.adpcm import encode
from edgekit.domains.speech.spoken_digits import SMALL, recordings

SPEAKERS = ("theo", "yweweler")
TAKES = (0, 1, 5, 7, 8, 9, 10)
"""Two for tests, one for validation, four to train on."""


def main() -> None:
    """Write the sample beside this file."""
    found = recordings("full")
    chosen = found.only(np.isin(found.speakers, SPEAKERS) & np.isin(found.takes, TAKES))
    starts = (chosen.samples.shape[1] - chosen.lengths) // 2
    sounds = [
        row[start : start + length]
        for row, start, length in zip(chosen.samples, starts, chosen.lengths, strict=True)
    ]
    codes, lengths = encode(sounds)
    named = zip(chosen.digits, chosen.speakers, chosen.takes, strict=True)
    names = [f"{digit}_{speaker}_{take}" for digit, speaker, take in named]
    with atomic(PACKAGED / SMALL) as path:
        np.savez_compressed(path, codes=codes, lengths=lengths, names=names)


if __name__ == "__main__":
    main()
