"""Give a model of this bundle the arrays of a file, and print what it answers.

    python3 arrays.py --variant int8 golden/vectors.npz

For models whose inputs are no text, sound or picture. The golden vectors of the bundle are such a
file; for a model of several parts, `--part` says which to run.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path
from typing import Sequence

import numpy as np

from ..arrays import Array, Batch
from ..interpreter import ModelFacts, add_arguments, describe, find_file, load

MODEL = "model"
PREFIX = "input:"
"""Golden vectors hold what goes in as `input:NAME`, beside what came out."""


def read_batch(path: Path | str, model: ModelFacts) -> Batch:
    """Return the inputs of a model from an `.npz` file, by their names.

    Args:
        path: Holds an array for each input, `NAME` or `input:NAME`, the batch axis first.
        model: What the bundle says of the model.

    Raises:
        OSError: There is no such file.
        ValueError: An input is missing, has another shape, or not as many examples as the others.
    """
    arrays, batch = _read_npz(path), {}
    for tensor in model["inputs"]:
        name = tensor["name"]
        array = arrays.get(name, arrays.get(PREFIX + name))
        if array is None:
            there = ", ".join(arrays)
            raise ValueError(f"'{path}' has no array '{name}'; it has {there}. Add it.")
        if list(array.shape[1:]) != tensor["shape"][1:]:
            raise ValueError(
                f"'{name}' holds examples of shape {list(array.shape[1:])}; the model takes "
                f"{tensor['shape'][1:]}. Give it arrays of that shape, the batch axis first."
            )
        batch[name] = array
    counts = {name: len(array) for name, array in batch.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise ValueError(f"The arrays hold {counts} examples; give one number of each, 1 or more.")
    return batch


def _read_npz(path: Path | str) -> dict[str, Array]:
    try:
        with np.load(str(path), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (AttributeError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"'{path}' is not an .npz file of numbers; save it again.") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the model answers to the first examples."""
    parser = argparse.ArgumentParser(
        description="Give a model arrays, and print what it answers.",
        epilog="Example: python3 arrays.py --variant int8 golden/vectors.npz",
    )
    parser.add_argument("arrays", help=".npz file with an array for each input of the model")
    parser.add_argument("--part", default=MODEL, help="of a model of several files, which one")
    parser.add_argument("--count", type=int, default=1, help="how many examples to take")
    add_arguments(parser)
    chosen = parser.parse_args(arguments)
    models = describe(chosen.bundle, chosen.variant)
    if chosen.part not in models:
        parser.error(f"There is no part '{chosen.part}' in this bundle; it has {', '.join(models)}")
    try:
        batch = read_batch(find_file(chosen.arrays, chosen.bundle), models[chosen.part])
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    run = load(chosen.bundle, chosen.variant)[chosen.part]
    answers = run({name: array[: chosen.count] for name, array in batch.items()})
    for name, answer in answers.items():
        print(f"{name}:")
        print(np.array2string(answer, precision=4, suppress_small=True))


if __name__ == "__main__":
    main()
