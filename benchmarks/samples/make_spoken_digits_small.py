"""Write `spoken_digits_small.npz`: seven recordings of each digit by each of two speakers.

Run `python benchmarks/samples/make_spoken_digits_small.py` with EDGEKIT_DATA set to where the
archive is. It writes the archive's samples. The file that ships has the same ones with the noise of
a coding in 4 bits, which results of `--size tiny` depend on; see `edgekit/datasets/README.md`.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.paths import atomic
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.speech.spoken_digits import SMALL, load_recordings

SPEAKERS = ("theo", "yweweler")
TAKES = (0, 1, 5, 7, 8, 9, 10)
"""Two for tests, one for validation, four to train on."""


def main() -> None:
    """Write the sample into `edgekit/datasets/`."""
    every = load_recordings("full")
    chosen = every.only(np.isin(every.speakers, SPEAKERS) & np.isin(every.takes, TAKES))
    starts = (chosen.samples.shape[1] - chosen.lengths) // 2
    sounds = [
        row[start : start + length]
        for row, start, length in zip(chosen.samples, starts, chosen.lengths, strict=True)
    ]
    samples = np.round(np.concatenate(sounds) * 32768).clip(-32768, 32767).astype(np.int16)
    described = zip(chosen.digits, chosen.speakers, chosen.takes, strict=True)
    names = [f"{digit}_{speaker}_{take}" for digit, speaker, take in described]
    with atomic(PACKAGED / SMALL) as path:
        np.savez_compressed(path, samples=samples, lengths=chosen.lengths, names=names)


if __name__ == "__main__":
    main()
