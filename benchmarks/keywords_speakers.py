"""How well the keyword recipes do on a speaker they never heard: each of the six left out in turn.

Run `python benchmarks/keywords_speakers.py keywords_cnn`, or `keywords_lstm`; it needs the whole
data set. Each of six trainings is shorter than the recipe's own, and hears every recording of the
other five; all 500 of the sixth are the test.
"""

from __future__ import annotations

import argparse
import importlib
import time

import numpy as np

from edgekit.domains.speech import spoken_digits
from edgekit.source_model.reference import run_model

EPOCHS = {"keywords_cnn": 8, "keywords_lstm": 24}


def accuracy_without(recipe: str, speaker: str, *, epochs: int, seed: int) -> float:
    """Train on five speakers and return the accuracy on the sixth, in percent."""
    import keras

    keras.utils.set_random_seed(seed)
    module = importlib.import_module(f"edgekit.recipes.{recipe}")
    found = spoken_digits.recordings("full")
    left_out = found.speakers == speaker
    model = module.build("full")
    model = module.fit(model, found.only(~left_out), epochs, lambda *_: None)
    test = spoken_digits.heard(found.only(left_out))
    return spoken_digits.accuracy(run_model(model, test.inputs)["scores"], test)


def main() -> None:
    """Print a line for each speaker, then mean and range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=sorted(EPOCHS))
    parser.add_argument("--epochs", type=int, help="of each training")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    epochs = chosen.epochs or EPOCHS[chosen.recipe]
    values = []
    for speaker in sorted(set(spoken_digits.recordings("full").speakers)):
        start = time.monotonic()
        values.append(accuracy_without(chosen.recipe, speaker, epochs=epochs, seed=chosen.seed))
        print(f"{speaker:10} {values[-1]:5.1f} %  {time.monotonic() - start:.0f} s", flush=True)
    print(
        f"{chosen.recipe}, {epochs} epochs, seed {chosen.seed}: mean {np.mean(values):.1f} %, "
        f"{min(values):.1f} to {max(values):.1f} %"
    )


if __name__ == "__main__":
    main()
