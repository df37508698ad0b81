"""Calibration examples from wherever a user keeps them: a folder, a file, or the memory of Python.

All become one `.npz` with an array per input, which the rest of edgekit takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np

from edgekit.core.errors import BadData, Unavailable, reason
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.types import AnyPath, Array, is_path
from edgekit.intake.look_ups.numbers import as_numbers
from edgekit.intake.media import (
    NUMBERS,
    PICTURES,
    SOUNDS,
    UNREADABLE,
    check_pictures,
    check_sounds,
    left_out,
    picture,
    sound,
)
from edgekit.source_model.calibration import how_to_make, with_names
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import read_arrays, write_arrays
from edgekit.source_model.interface import SourceModel, nested_layers, parts_of

Item: TypeAlias = "Array | Mapping[str, Array] | Sequence[Array]"
"""One example or one batch: of the only input, by name, or in the order of the inputs."""

Given: TypeAlias = "AnyPath | Array | Mapping[str, Array] | Iterable[Item]"
"""Calibration data as `edgekit.convert` takes them."""

MOST = 1000
"""Files of a folder, or items of an iterator, that are read; ranges need no more."""

SCRATCH = "calibration-in-memory"
"""Name of the folder into which items of an iterator are written."""

IN_MEMORY = "The calibration data"
"""What they are called in a message."""

_KINDS = {"pictures": PICTURES, "WAV files": SOUNDS, "files of numbers": NUMBERS}


def as_path(given: Given, scratch: Path) -> Path:
    """Return where calibration data lie; those in memory are written into the folder `scratch`.

    Args:
        given: A path; an array, for a model with one input; a mapping of arrays by name; or an
            iterable, such as a `tf.data.Dataset`, of examples or batches, each of them an array, a
            mapping of arrays, or a sequence of arrays in the order of the inputs.
        scratch: A folder that lives as long as the path is used.

    Raises:
        BadData: It is none of these, or empty.
    """
    if is_path(given):
        return Path(given)
    scratch = scratch / SCRATCH
    scratch.mkdir(parents=True)
    if isinstance(given, list) and given and all(isinstance(item, str) for item in given):
        given = np.array(given)  # texts
    if isinstance(given, Mapping) or hasattr(given, "__array__"):
        path = scratch / "arrays.npz"
        np.savez(path, **_arrays(cast("Item", given), IN_MEMORY))  # type: ignore[arg-type]
        return path
    if not isinstance(given, Iterable):
        raise BadData(
            f"The calibration data are a {type(given).__name__}; give a path, an array, a mapping "
            "of arrays by input name, or an iterable of examples."
        )
    count = 0
    for count, item in enumerate(given, 1):
        arrays = _arrays(item, f"Item {count} of the calibration data")
        np.savez(scratch / f"{count:05}.npz", **arrays)  # type: ignore[arg-type]
        if count == MOST:
            break
    if not count:
        raise BadData("The calibration data hold no example; give some hundred.")
    return scratch


def as_npz(
    given: Path, model: SourceModel, out: Path, *, pixels: str = ""
) -> tuple[Path, tuple[str, ...]]:
    """Return the `.npz` of calibration data, and sentences on what was done to make it.

    Args:
        given: An `.npz`, a `.npy`, or a folder of pictures, WAV or `.npy` files; of the whole
            model where look-ups were split off it.
        model: Its inputs' shapes and types say what is made of the files.
        out: The `.npz` to write, unless `given` is one.
        pixels: What pixels become; see `edgekit.intake.media.Pixels`. "" if not known: then a
            Rescaling layer at the beginning of the model may tell.

    Raises:
        BadInput: The model takes no such examples.
        BadData: None of the files could be read.
    """
    examples, notes = _npz(given, model, out, pixels)
    return as_numbers(examples, model, out.with_suffix(".numbers.npz")), notes


def _npz(given: Path, model: SourceModel, out: Path, pixels: str) -> tuple[Path, tuple[str, ...]]:
    if given.suffix != ".npz" and len(parts := parts_of(model)) > 1:
        raise BadData(
            f"'{given}' is no .npz; for {len(parts)} signatures in one file give one, with arrays "
            f"called SIGNATURE/INPUT, such as '{next(iter(parts))}/INPUT'."
        )
    if given.is_dir():
        return _from_folder(given, signature_of(model), out, pixels or _pixels_taken(model))
    if given.suffix == ".npy":
        signature = signature_of(model)
        tensor = _only_input(signature, f"'{given}' holds one array")
        write_arrays(out, {tensor.name: _load(given)}, compress=False)
        return out, ()
    return given, ()


def _pixels_taken(model: SourceModel) -> str:
    """Return the range that a model's own Rescaling is made for; "" if it begins with none."""
    for layer in nested_layers(model)[:4]:
        if type(layer).__name__ == "Rescaling" and np.ndim(layer.scale) == 0:
            return "0..255" if 0 < layer.scale <= 1 / 64 else ""
    return ""


def _from_folder(
    folder: Path, signature: Signature, out: Path, pixels: str
) -> tuple[Path, tuple[str, ...]]:
    where = IN_MEMORY if folder.name == SCRATCH else f"Calibration folder '{folder}'"
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    by_kind = {
        kind: chosen
        for kind, suffixes in _KINDS.items()
        if (chosen := [p for p in paths if p.suffix.lower() in suffixes])
    }
    if len(by_kind) != 1:
        raise BadData(
            f"{where} holds {' and '.join(by_kind) or 'no examples'}; give a folder of one kind: "
            f"pictures ({', '.join(PICTURES)}), .wav or .npy files. {how_to_make(signature)}."
        )
    ((kind, found),) = by_kind.items()
    chosen = found
    if len(found) > MOST:  # evenly, since folders may be sorted by class
        chosen = [found[k] for k in np.linspace(0, len(found) - 1, MOST).round().astype(int)]
    read = {"pictures": _pictures, "WAV files": _sounds}.get(kind, _numbers)
    examples, said = read(chosen, signature, where, pixels)
    arrays = {t.name: np.concatenate([each[t.name] for each in examples]) for t in signature.inputs}
    write_arrays(out, arrays, compress=False)
    notes = said if where != IN_MEMORY else ()
    if len(found) > MOST:
        notes = (f"Of {len(found):,} {kind}, {MOST:,} were read, evenly spread.", *notes)
    return out, notes


_Examples: TypeAlias = "tuple[list[Mapping[str, Array]], tuple[str, ...]]"
"""What each file gave, batch axis first, and sentences on how it was read."""


def _pictures(paths: Sequence[Path], signature: Signature, where: str, pixels: str) -> _Examples:
    tensor = _only_input(signature, f"{where} holds pictures")
    check_pictures(tensor, pixels, where)

    def read(path: Path) -> Mapping[str, Array]:
        return {tensor.name: picture(path, tensor, pixels)[np.newaxis]}

    try:
        examples, left_out = _each(paths, read, where)
    except SystemExit as error:  # what a program on a device does without Pillow
        raise Unavailable(
            f"{where} holds pictures, which Pillow reads; it is not here: pip install pillow."
        ) from error
    size = "x".join(map(str, tensor.shape[1:3]))
    whole = np.dtype(tensor.dtype).kind in "iu"
    become = "whole numbers 0..255" if whole else f"{tensor.dtype} {pixels}"
    made = (
        f"Calibration: {len(examples)} pictures; of each the middle in the input's proportions, "
        f"brought to {size} by the mean over areas, as {become}."
    )
    return examples, (made, *left_out)


def _sounds(paths: Sequence[Path], signature: Signature, where: str, pixels: str) -> _Examples:
    del pixels
    tensor = _only_input(signature, f"{where} holds WAV files")
    check_sounds(tensor, where)
    rates: dict[int, int] = {}

    def read(path: Path) -> Mapping[str, Array]:
        samples, rate = sound(path, tensor)
        rates[rate] = rates.get(rate, 0) + 1
        return {tensor.name: samples[np.newaxis]}

    examples, left_out = _each(paths, read, where)
    if len(rates) > 1:
        counted = ", ".join(f"{count} of {rate} Hz" for rate, count in sorted(rates.items()))
        raise BadData(f"{where} holds WAV files of several rates: {counted}. Give one rate.")
    whole = np.dtype(tensor.dtype).kind in "iu"
    made = (
        f"Calibration: {len(examples)} WAV files of {next(iter(rates))} Hz, one channel, the first "
        f"{int(np.prod(tensor.shape)):,} samples of each, zeros where it is shorter, as "
        f"{tensor.dtype} {'-32768..32767' if whole else '-1..1'}."
    )
    return examples, (made, *left_out)


def _numbers(paths: Sequence[Path], signature: Signature, where: str, pixels: str) -> _Examples:
    del pixels

    def read(path: Path) -> Mapping[str, Array]:
        arrays = {"arr_0": _load(path)} if path.suffix == ".npy" else read_arrays(path)
        named = with_names(arrays, signature)
        if set(named) != {tensor.name for tensor in signature.inputs}:
            wanted = ", ".join(f"'{tensor.name}'" for tensor in signature.inputs)
            raise ValueError(
                f"it holds {len(arrays)} arrays, {', '.join(arrays)}; the model's inputs are "
                f"{wanted}"
            )
        return {t.name: _batch(named[t.name], t) for t in signature.inputs}

    examples, left_out = _each(paths, read, where)
    return examples, left_out


def _each(
    paths: Sequence[Path], read: Callable[[Path], Mapping[str, Array]], where: str
) -> tuple[list[Mapping[str, Array]], tuple[str, ...]]:
    """Read every file; name those that cannot be read in a note, unless it is all of them."""
    examples, failed = [], {}
    for path in paths:
        try:
            examples.append(read(path))
        except UNREADABLE as error:
            failed[path.name] = reason(error)
    if not examples:
        name, why = next(iter(failed.items()))
        start = where if where == IN_MEMORY else f"{where}: '{name}'"
        raise BadData(f"{start} cannot be used, nor can any other: {why}.")
    return examples, left_out(failed, len(paths))


def _batch(array: Array, tensor: Tensor) -> Array:
    """Return one example or a batch of them with the batch axis first."""
    shape = tensor.shape[1:]
    if array.shape == shape:
        array = array[np.newaxis]
    if array.shape[1:] != shape or not array.ndim:
        raise ValueError(
            f"it has shape {array.shape}; input '{tensor.name}' takes {shape}, alone or with the "
            "batch axis first"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("it holds NaN or infinity")
    return array


def _only_input(signature: Signature, holds: str) -> Tensor:
    if len(signature.inputs) == 1:
        return signature.inputs[0]
    names = ", ".join(f"'{tensor.name}'" for tensor in signature.inputs)
    raise BadData(
        f"{holds}, and the model has the inputs {names}; give all of them. "
        f"{how_to_make(signature)}."
    )


def _load(path: Path) -> Array:
    try:
        with path.open("rb") as stream:
            return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except (OSError, EOFError, ValueError) as error:
        raise BadData(f"'{path}' is not a complete .npy file of numbers ({error}).") from error


def _arrays(item: Item, what: str) -> dict[str, Array]:
    """Return the arrays of an example or batch; those without names are called as NumPy does."""
    if isinstance(item, Mapping):
        arrays = {str(name): np.asarray(value) for name, value in item.items()}
    elif isinstance(item, list | tuple) and any(np.ndim(value) for value in item):
        arrays = {f"arr_{k}": np.asarray(value) for k, value in enumerate(item)}
    else:
        arrays = {"arr_0": np.asarray(item)}
    if any(array.dtype.kind not in "biufUS" for array in arrays.values()):
        raise BadData(f"{what} holds no numbers; give arrays of numbers, or of texts.")
    return arrays
