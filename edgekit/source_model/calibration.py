"""Check calibration data before they reach the converter.

TensorFlow's calibrator crashes on infinity, and silently derives useless ranges from zeros or from
data with a single outlier. Here each of these is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, NotFound
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.types import Array, Batch
from edgekit.source_model.golden_vectors import read_arrays
from edgekit.source_model.interface import full_name

HOW_TO_MAKE = (
    "Save some hundred typical examples, prepared as for training, with the batch axis first: "
    "np.savez('calibration.npz', {arguments})"
)
LARGEST_VALUE = 1e6
"""Training data stay below this; larger values are in a wrong unit."""


def how_to_make(signature: Signature, part: str = "") -> str:
    """Return the sentence that says how to write calibration data for a model, or a part of it."""
    names = [full_name(part, tensor.name) for tensor in signature.inputs]
    arguments = ", ".join(
        f"{name}=array" if name.isidentifier() else f"**{{'{name}': array}}" for name in names
    )
    return HOW_TO_MAKE.format(arguments=arguments)


def load_calibration(path: Path, signature: Signature, *, part: str = "") -> Batch:
    """Read calibration data from an `.npz` and check it against a model's inputs.

    Args:
        path: One array per input, by name, batch axis first. If the model has a single input,
            the name of a single array does not matter. Where a file holds several signatures,
            arrays are called `SIGNATURE/INPUT`.
        signature: Of the model.
        part: Name of the signature, of several.

    Returns:
        The arrays in the types of the inputs.

    Raises:
        NotFound: There is no such file.
        BadData: The file is no `.npz`, or an array is missing, empty, of a wrong shape or type,
            not finite, constant, or absurdly large or uneven.
    """
    if not path.exists():
        raise NotFound(f"There is no calibration file '{path}'; give an .npz made by np.savez.")
    arrays = read_arrays(path)
    if part:
        arrays = _of_part(arrays, part, path)
    batch = check_examples(arrays, signature, what=f"Calibration file '{path}'")
    for tensor in signature.inputs:
        _check_spread(batch[tensor.name], tensor, f"Calibration file '{path}'")
    return batch


def _of_part(arrays: Mapping[str, Array], part: str, path: Path) -> dict[str, Array]:
    """Return the arrays of one signature of several, under the names of its inputs."""
    start = f"{part}/"
    own = {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}
    if not own:
        raise BadData(
            f"Calibration file '{path}' holds {_quoted(arrays)}, and nothing for signature "
            f"'{part}'; where several go into one file, arrays are called SIGNATURE/INPUT: "
            f"np.savez('calibration.npz', **{{'{part}/INPUT': array}})."
        )
    return own


def check_examples(arrays: Mapping[str, Array], signature: Signature, *, what: str) -> Batch:
    """Return `arrays` in the order and types of a model's inputs, or say what is wrong with them.

    Args:
        arrays: Input name -> array, batch axis first.
        signature: Of the model.
        what: What to call them in an error, such as "Calibration file 'c.npz'".

    Raises:
        BadData: An array is missing, unknown, empty, of a wrong shape or type, or not finite.
    """
    wanted = [tensor.name for tensor in signature.inputs]
    arrays = with_names(arrays, signature)
    if sorted(arrays) != sorted(wanted):
        raise BadData(
            f"{what} holds {_quoted(arrays)}; the model's inputs are {_quoted(wanted)}. "
            f"{how_to_make(signature)}."
        )
    batch = {t.name: _typed(arrays[t.name], t, what) for t in signature.inputs}
    counts = {name: len(array) for name, array in batch.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise BadData(f"{what} holds {listed}; give the same number of examples of each input.")
    return batch


def with_names(arrays: Mapping[str, Array], signature: Signature) -> Mapping[str, Array]:
    """Return arrays by the names of a model's inputs, where no name leaves a choice.

    A lone array is a lone input's, whatever it is called. Arrays that NumPy named itself (`arr_0`,
    `arr_1` ...) are the inputs in order.
    """
    wanted = [tensor.name for tensor in signature.inputs]
    nameless = list(arrays) == [f"arr_{k}" for k in range(len(wanted))]
    if nameless or len(arrays) == len(wanted) == 1:
        return dict(zip(wanted, arrays.values(), strict=True))
    return arrays


def _typed(array: Array, tensor: Tensor, what: str) -> Array:
    """Return the array in the type of its input, after checking type, shape and values."""
    start = f"{what}: input '{tensor.name}'"
    shape = tensor.shape[1:]
    if array.shape == shape:
        raise BadData(f"{start} has no batch axis; give it one: array[np.newaxis].")
    if array.shape[1:] != shape or array.ndim == 0:
        raise BadData(
            f"{start} has shape {array.shape}; the model takes "
            f"({', '.join(['n', *map(str, shape)])}), where n is the number of examples."
        )
    if len(array) == 0:
        raise BadData(f"{start} holds no example; give some.")
    if array.dtype.kind in "US":
        raise BadData(
            f"{start} holds texts; the model takes {tensor.dtype}. Give the tokens' numbers "
            "(edgekit.on_device.look_up makes them of a vocabulary)."
        )
    if not _carries(array, np.dtype(tensor.dtype)):
        raise BadData(
            f"{start} is {array.dtype}; the model takes {tensor.dtype}. Convert and scale it as "
            f"for training, then array.astype('{tensor.dtype}')."
        )
    if array.dtype.kind == "f" and (bad := int(np.count_nonzero(~np.isfinite(array)))):
        first = int(np.argwhere(~np.isfinite(array))[0][0])
        raise BadData(
            f"{start} holds {bad} NaN or infinite values, the first in example {first}; "
            "remove or repair those examples."
        )
    return array.astype(tensor.dtype, copy=False)


def _carries(array: Array, dtype: np.dtype[np.generic]) -> bool:
    """Whether the array's values keep their meaning in `dtype`."""
    if array.dtype == dtype:
        return True
    if array.dtype.kind == "f" and dtype.kind == "f":
        finite = array[np.isfinite(array)]
        return bool(np.all(np.abs(finite) <= np.finfo(str(dtype)).max))
    if array.dtype.kind in "iu" and dtype.kind in "iu" and array.size:
        limits = np.iinfo(str(dtype))
        return int(array.min()) >= limits.min and int(array.max()) <= limits.max
    return False


def _check_spread(array: Array, tensor: Tensor, what: str) -> None:
    """Refuse ranges that make quantization pointless: constant, absurd, or one wild value."""
    if array.dtype.kind != "f":
        return
    start = f"{what}: input '{tensor.name}'"
    low, high = float(array.min()), float(array.max())
    if low == high:
        raise BadData(
            f"{start} is {low:g} everywhere; quantization needs the range of real examples."
        )
    if max(-low, high) > LARGEST_VALUE:
        raise BadData(
            f"{start} reaches from {low:g} to {high:g}; networks take values well below "
            f"{LARGEST_VALUE:g}. Scale it as for training."
        )
    low_most, high_most = _range_of_most(array)
    if (high - low) / 255 > high_most - low_most > 0:
        raise BadData(
            f"{start} reaches from {low:g} to {high:g}, but 98 % of it lies between "
            f"{low_most:.3g} and {high_most:.3g}: in int8 those become one value. "
            "Remove or clip the outliers."
        )


def _range_of_most(array: Array) -> tuple[float, float]:
    """Return the 1st and 99th percentile, of at most about a million values."""
    values = array.reshape(-1)
    low, high = np.percentile(values[:: 1 + values.size // 1_000_000], [1, 99])
    return float(low), float(high)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "no arrays"
