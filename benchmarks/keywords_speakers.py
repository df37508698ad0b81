"""How accurate are the keyword recipes on a speaker they were not trained on?

Run `python benchmarks/keywords_speakers.py keywords_cnn`, or `keywords_lstm`; it needs the whole
data set. Each of the six speakers is left out in turn: a model is trained on every recording of the
other five, for fewer epochs than the recipe's own, and tested on all 500 of the sixth.
"""

from __future__ import annotations

import argparse
import importlib
import time

import numpy as np

from edgekit.core.types import silent
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.speech import spoken_digits
from edgekit.source_model.reference import run_model

EPOCHS = {"keywords_cnn": 8, "keywords_lstm": 24}


def accuracy_without(recipe: str, speaker: str, *, epochs: int, seed: int) -> float:
    """Train on five speakers and return the accuracy on the sixth, in percent."""
    import keras

    keras.utils.set_random_seed(seed)
    module = importlib.import_module(f"edgekit.recipes.{recipe}")
    recordings = spoken_digits.load_recordings("full")
    left_out = recordings.speakers == speaker
    model = module.fit(module.build("full"), recordings.only(~left_out), epochs, silent)
    test = spoken_digits.as_dataset(recordings.only(left_out))
    return accuracy(run_model(model, test.inputs)["scores"], test.target())


def main() -> None:
    """Print a line per speaker, then mean and range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=sorted(EPOCHS))
    parser.add_argument(
        "--epochs",
        type=int,
        help="per training; by default 8 for keywords_cnn, 24 for keywords_lstm",
    )
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    epochs = chosen.epochs or EPOCHS[chosen.recipe]
    values = []
    for speaker in sorted(set(spoken_digits.load_recordings("full").speakers)):
        start = time.monotonic()
        values.append(accuracy_without(chosen.recipe, speaker, epochs=epochs, seed=chosen.seed))
        print(f"{speaker:10} {values[-1]:5.1f} %  {time.monotonic() - start:.0f} s", flush=True)
    print(
        f"{chosen.recipe}, {epochs} epochs, seed {chosen.seed}: mean {np.mean(values):.1f} %, "
        f"{min(values):.1f} to {max(values):.1f} %"
    )


if __name__ == "__main__":
    main()
