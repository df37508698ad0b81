"""How well does speech_ctc write down digits of a speaker it was not trained on?

Run `python benchmarks/digit_strings_speakers.py`, or with `--speaker theo` for one of the six; it
needs the whole data set. Each is left out in turn: a model is trained on every recording of the
other five, for as long as the recipe's own, and tested on 350 strings of the sixth, joined from all
of that speaker's 500 recordings.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from edgekit.core.recipe import Recipe
from edgekit.core.types import silent
from edgekit.domains.speech import digit_strings, spoken_digits, transcripts
from edgekit.recipes import speech_ctc
from edgekit.source_model.reference import runner

COUNT = 350


def details_without(speaker: str, *, seed: int) -> dict[str, float]:
    """Train on five speakers and return the recipe's figures on strings of the sixth."""
    import keras

    keras.utils.set_random_seed(seed)
    recipe: Recipe = speech_ctc.recipe
    recordings = spoken_digits.load_recordings("full")
    left_out = recordings.speakers == speaker
    stages = speech_ctc.STAGES["full"]
    model = recipe.build("full")
    speech_ctc.fit(model, recordings.only(~left_out), stages, silent)
    strings = digit_strings.composed(recordings.only(left_out), COUNT, np.random.default_rng(seed))
    assert recipe.parts is not None
    runs = {name: runner(each) for name, each in recipe.parts.split(model).items()}
    return transcripts.details(recipe.parts.drive(runs), digit_strings.as_dataset(strings))


def main() -> None:
    """Print a line per speaker, then mean and range."""
    speakers = sorted(set(spoken_digits.load_recordings("full").speakers.tolist()))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speaker", choices=speakers, help="only this one; by default all six")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    found = []
    for speaker in [chosen.speaker] if chosen.speaker else speakers:
        start = time.monotonic()
        found.append(details_without(speaker, seed=chosen.seed))
        figures = ", ".join(f"{name} {value:.1f}" for name, value in found[-1].items())
        print(f"{speaker:10} {figures}; {time.monotonic() - start:.0f} s", flush=True)
    for way in transcripts.WAYS.values():
        rates = [each[f"digit error rate {way}, %"] for each in found]
        print(f"{way}: mean {np.mean(rates):.1f} %, {min(rates):.1f} to {max(rates):.1f} %")


if __name__ == "__main__":
    main()
