"""How much does pre-training on pictures without labels help a network that sees few labels?

Run `python benchmarks/pretraining.py`; it takes the whole of Fashion-MNIST. The network of
`image_dbn` is trained with and without it by five seeds each, which draw everything anew: weights,
noise and order.
"""

from __future__ import annotations

import argparse
import time

import keras
import numpy as np

from edgekit.core.types import silent
from edgekit.recipes.image_dbn import SEEDS, build, data, fine_tune, score, train
from edgekit.source_model.reference import runner

WAYS = {"pre-trained": train, "labels alone": fine_tune}


def main() -> None:
    """Print the accuracy of each training, then their means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=["tiny", "full"], default="full")
    size = parser.parse_args().size
    test = data("test", size)
    for way, teach in WAYS.items():
        scores = []
        for seed in SEEDS:
            start = time.monotonic()
            keras.utils.set_random_seed(seed)
            scores.append(score(runner(teach(build(size), size, silent)), test))
            seconds = time.monotonic() - start
            print(f"{way:12} seed {seed} {scores[-1]:6.2f} %  {seconds:.0f} s", flush=True)
        print(f"{way:12} mean   {np.mean(scores):6.2f} %, {min(scores):.2f} to {max(scores):.2f} %")


if __name__ == "__main__":
    main()
