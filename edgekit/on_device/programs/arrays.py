"""Give a model of this bundle the arrays of a file, and print what it answers.

    python3 arrays.py --variant int8 golden/vectors.npz

For models whose inputs are no text, sound or picture. The golden vectors of the bundle are such a
file; for a model of several parts, `--part` says which to run.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from ..answering import Answer, Models, Program, at_least_one, files
from ..arrays import Array, Batch
from ..interpreter import ModelFacts

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
            there = ", ".join(arrays) or "none"
            raise ValueError(f"'{path}' has no array '{name}'; it has {there}. Add it.")
        wanted = tensor["shape"][1:] if tensor["shape"][:1] == [1] else tensor["shape"]
        if not array.shape or list(array.shape[1:]) != wanted:
            raise ValueError(
                f"'{name}' holds examples of shape {list(array.shape[1:])}; the model takes "
                f"{wanted}. Give it arrays of that shape, the batch axis first."
            )
        batch[name] = array
    counts = {name: len(array) for name, array in batch.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise ValueError(f"The arrays hold {counts} examples; give one number of each, 1 or more.")
    return batch


def _read_npz(path: Path | str) -> dict[str, Array]:
    try:
        with np.load(str(path), allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except OSError:  # there is none
        raise
    except Exception as error:  # whatever zipfile and NumPy raise for one that is damaged
        raise ValueError(f"'{path}' is not an .npz file of numbers; save it again.") from error


def answer(models: Models, path: Path, options: Namespace) -> Answer:
    """Return what a model answers to the first examples of a file."""
    if options.part not in models.facts:
        raise ValueError(
            f"There is no part '{options.part}' in this bundle; it has {', '.join(models.facts)}."
        )
    batch = read_batch(path, models.facts[options.part])
    answers = models.runs[options.part](
        {name: array[: options.count] for name, array in batch.items()}
    )
    lines = []
    for name, array in answers.items():
        lines += [f"{name}:", np.array2string(array, precision=4, suppress_small=True)]
    return Answer(lines)


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--part", default=MODEL, help="of a model of several files, which one")
    parser.add_argument("--count", type=at_least_one, default=1, help="how many examples to take")


program = Program(
    answer,
    takes=files("ARRAYS", (".npz",), ".npz file with an array for each input of the model"),
    description="Give a model arrays, and print what it answers.",
    example="golden/vectors.npz",
    options=_options,
)
main = program.main

if __name__ == "__main__":
    main()
