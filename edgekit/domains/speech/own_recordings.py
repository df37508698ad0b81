"""A user's own recordings, as the keyword recipes take them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.own_data.examples import Examples, on_examples
from edgekit.domains.own_data.sounds import own_sounds
from edgekit.domains.speech.example import EXAMPLE, as_wav
from edgekit.domains.speech.spoken_digits import LOG_MEL, Recordings, as_dataset

if TYPE_CHECKING:
    import keras

SEEN: dict[Size, int] = {"tiny": 2_000, "full": 30_000}
"""Recordings that training hears in all, each varied anew, where it takes 5 to 60 epochs for it."""


class OwnRecordings:
    """Recordings of a user's folder.

    Attributes:
        examples: Labels and splits.
    """

    def __init__(self, folder: Path) -> None:
        sounds = own_sounds(folder)
        self.examples: Examples = sounds.examples
        self._lengths = sounds.lengths

    def of_split(self, split: Split, size: Size) -> Recordings:
        """Return a split's recordings."""
        chosen = self.examples.chosen(split, size)
        return Recordings(
            samples=self.examples.values[chosen],
            lengths=self._lengths[chosen],
            digits=self.examples.labels[chosen],
            takes=np.zeros(len(chosen), int),
            speakers=np.full(len(chosen), ""),
        )

    def data(self, split: Split, size: Size) -> Dataset:
        """Return the features of a split's recordings, and their labels."""
        return as_dataset(self.of_split(split, size))

    def epochs(self, size: Size) -> int:
        """Return how often each recording is trained on: few are heard more often."""
        return min(60, max(5, SEEN[size] // len(self.examples.chosen("train", size))))

    def assets(self, size: Size) -> dict[str, bytes]:
        """Return the asset `example.wav`, from the test split."""
        return {EXAMPLE: as_wav(self.of_split("test", size).samples[0])}


def on_recordings(
    recipe: Recipe,
    own: OwnRecordings,
    *,
    network: Callable[[int], keras.Model],
    fit: Callable[[keras.Model, Recordings, int, Progress], keras.Model],
) -> Recipe:
    """Return a keyword recipe on a user's recordings.

    Args:
        recipe: The recipe on its own data.
        own: What stands in for them.
        network: `(number of labels) -> keras.Model`, untrained.
        fit: Trains it on recordings, for a number of epochs.
    """
    return on_examples(
        recipe,
        own.examples,
        inputs=(LOG_MEL,),
        data=own.data,
        build=lambda size: network(len(own.examples.label_names)),
        train=lambda model, size, progress: fit(
            model, own.of_split("train", size), own.epochs(size), progress
        ),
        assets=own.assets,
    )
