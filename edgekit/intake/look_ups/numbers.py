"""Make numbers of the examples that a model with look-ups is given: texts, or values of a list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, BadInput
from edgekit.core.recipe import Tensor
from edgekit.core.types import Array
from edgekit.intake.look_ups.splitting import Front, Split, names_of, split_of
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import read_arrays, read_vectors, write_arrays
from edgekit.source_model.interface import SourceModel, given_names, interface_of
from edgekit.source_model.reference import judged_examples, run_model

TOLERANCE = 1e-3
"""What the rest of a model may answer beside the whole, as a share of its largest answer: both
compute in float32, the rest perhaps in another order."""

_ROWS_AT_ONCE = 256


def as_numbers(given: Path, model: SourceModel, out: Path) -> Path:
    """Return calibration data in which each look-up has been done.

    Args:
        given: An `.npz` of examples for the whole model: texts as arrays of NumPy's `str`, never
            of objects. Where an input that takes text has whole numbers, they are its tokens'.
        model: What is left; see `edgekit.intake.look_ups.splitting`.
        out: The `.npz` to write, unless nothing was split off.

    Raises:
        BadData: A text is missing, or of a shape that the layer does not take.
    """
    split = split_of(model)
    if split is None:
        return given
    arrays = _by_source(read_arrays(given), split, given_names(model))
    tensors = {tensor.name: tensor for tensor in signature_of(model).inputs}
    kept, sources = _kept(split, model), {front.source for front in split.fronts}
    # What belongs to no input stays, for the check that names it.
    numbers = {kept.get(n, n): a for n, a in arrays.items() if n in kept or n not in sources}
    for front, name in zip(split.fronts, names_of(model), strict=True):
        if front.source in arrays:
            numbers[name] = _looked_up(front, arrays[front.source], tensors[name], given)
    write_arrays(out, numbers, compress=False)
    return out


def confirm(model: SourceModel, given: Path, vectors: Path) -> None:
    """Take the reference from the whole model on the texts themselves, where they were given.

    Args:
        model: What is left.
        given: What `as_numbers` was given.
        vectors: Golden vectors of what is left; the answers are replaced by the whole model's.

    Raises:
        BadInput: The two disagree: the split was wrong.
    """
    split = split_of(model)
    if split is None or split.is_changed:
        return
    arrays = _by_source(read_arrays(given), split, given_names(model))
    whole = interface_of(split.whole)
    if any(f.source not in arrays or not _is_raw(f, arrays[f.source]) for f in split.fronts):
        return
    chosen = judged_examples(len(next(iter(arrays.values()))))
    ranks = {front.source: front.rank for front in split.fronts}
    batch = {
        each.name: _column(arrays[each.name][chosen], ranks.get(each.name, 0))
        for each in whole.inputs
    }
    inputs, answers = read_vectors(vectors)
    new = given_names(model)
    expected = {new.get(name, name): a for name, a in run_model(split.whole, batch).items()}
    for name, array in answers.items():
        largest = max(float(np.abs(expected[name]).max(initial=0.0)), 1e-30)
        off = float(np.abs(expected[name].astype(np.float64) - array).max(initial=0.0))
        if off > TOLERANCE * largest:
            raise BadInput(
                f"Model '{split.whole.name}' answers otherwise without its look-up layers: output "
                f"'{name}' is off by {off:.2g} of {largest:.2g}. Convert the part after them."
            )
    write_arrays(vectors, inputs, {name: expected[name] for name in answers})


def _by_source(
    arrays: Mapping[str, Array], split: Split, names: Mapping[str, str]
) -> Mapping[str, Array]:
    """Return arrays by the whole model's names; a lone one is a lone input's."""
    own = [declared.name for declared in interface_of(split.whole).inputs]
    if len(arrays) == len(own) == 1 or list(arrays) == [f"arr_{k}" for k in range(len(own))]:
        return dict(zip(own, arrays.values(), strict=True))
    old = {new: name for name, new in names.items() if name in own and name not in arrays}
    return {old.get(name, name): array for name, array in arrays.items()}


def _kept(split: Split, model: SourceModel) -> dict[str, str]:
    """Return the whole model's inputs that are left -> what they are called now."""
    names = given_names(model)
    left = {each.name for each in interface_of(model).inputs}
    own = [declared.name for declared in interface_of(split.whole).inputs]
    looked_up = {front.input for front in split.fronts}
    return {n: names.get(n, n) for n in own if n not in looked_up and names.get(n, n) in left}


def _is_raw(front: Front, array: Array) -> bool:
    """Whether an array holds what a look-up takes, and not what it returns."""
    takes_text = type(front.layer).__name__ in ("TextVectorization", "StringLookup")
    return array.dtype.kind in "US" or not takes_text


def _looked_up(front: Front, array: Array, tensor: Tensor, path: Path) -> Array:
    """Return the numbers of an input, of the shape and type that the rest of the model takes."""
    if not _is_raw(front, array):
        return array
    import tensorflow as tf

    column = _column(array, front.rank)
    if column.ndim != front.rank or not len(column):
        wanted = "(n,)" if front.rank == 1 else f"(n, ...), {front.rank} axes"
        raise BadData(
            f"Calibration file '{path}': input '{front.source}' has shape {array.shape}; layer "
            f"'{front.layer.name}' takes {wanted}, where n is the number of examples."
        )
    rows = []
    for start in range(0, len(column), _ROWS_AT_ONCE):
        found = front.layer(tf.constant(column[start : start + _ROWS_AT_ONCE]))
        rows.append(_fitted(np.asarray(found), tensor.shape))
    return np.concatenate(rows).astype(tensor.dtype)


def _column(array: Array, rank: int) -> Array:
    """Return texts with the axis that some models want behind that of the examples, or without."""
    if rank == 2 and array.ndim == 1:
        return array[:, np.newaxis]
    if rank == 1 and array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    return array


def _fitted(found: Array, shape: tuple[int, ...]) -> Array:
    """Cut rows of tokens to the length that the input has, or fill them with 0."""
    if found.ndim != len(shape) or found.ndim < 2 or found.shape[-1] == shape[-1]:
        return found
    cut = found[..., : shape[-1]]
    missing = shape[-1] - cut.shape[-1]
    return np.pad(cut, [(0, 0)] * (cut.ndim - 1) + [(0, missing)])
