"""Begin training with weights that a user has: those of a Keras model, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.errors import BadInput, reason
from edgekit.core.types import Array
from edgekit.source_model.golden_vectors import UNREADABLE
from edgekit.source_model.interface import SavedModel, nested_layers
from edgekit.source_model.keras_file import (
    check_description,
    read_description,
    refuse_other_files,
)
from edgekit.source_model.loading import load_model

if TYPE_CHECKING:
    import keras

Weights = Mapping[str, Sequence[Array]]
"""Layer name -> its weights, in Keras' order."""

HDF5 = (".h5", ".hdf5")


def read_weights(path: Path) -> Weights:
    """Return the weights of a Keras model, those of the models inside it included.

    Args:
        path: A `.keras` or `.h5` file of a whole model, which is loaded in safe mode; or an `.h5`
            file of weights alone with the names of its layers, as Keras' applications download.

    Raises:
        BadInput: It is no such file.
        UnsupportedLayer: It holds code, or a layer that is not a part of Keras.
    """
    if path.suffix in HDF5 and (alone := _weights_alone(path)):
        return alone
    model = load_model(path)
    if isinstance(model, SavedModel):
        raise BadInput(
            f"'{path}' is a SavedModel, whose weights have no layers; give a .keras file."
        )
    layers = [model, *nested_layers(model)]
    return {
        layer.name: layer.get_weights()
        for layer in layers
        if layer.weights and not getattr(layer, "layers", None)
    }


def refuse_unreadable(path: Path) -> None:
    """Refuse, before training, a file that holds no weights; nothing is built.

    Args:
        path: As of `read_weights`.

    Raises:
        BadInput: It is no such file.
        UnsupportedLayer: It holds code, or a layer that is not a part of Keras.
    """
    if path.suffix not in (".keras", *HDF5):
        raise BadInput(f"'{path}' is no .keras and no .h5 file; give one.")
    if path.suffix == ".keras" or not _weights_alone(path):
        check_description(read_description(path).config, path)


def put_weights(
    model: keras.Model, weights: Weights, *, new: Sequence[str], where: str, expected: str
) -> None:
    """Give the layers of a model the weights that layers of the same names have in a file.

    Args:
        model: Changed.
        weights: From `read_weights`.
        new: Names of layers that keep what they have, such as the last one.
        where: The file, for the error.
        expected: What file fits, for the error.

    Raises:
        BadInput: A layer is missing in the file, or has other shapes there.
    """
    for layer in model.layers:
        if layer.name in new or not layer.weights:
            continue
        needed = [tuple(weight.shape) for weight in layer.weights]
        found = [weight.shape for weight in weights.get(layer.name, ())]
        if found != needed:
            has = f"there are {_shapes(found)}" if found else "there is none"
            raise BadInput(
                f"'{where}' does not fit: layer '{layer.name}' needs weights of {_shapes(needed)}, "
                f"and {has}. Give {expected}."
            )
        layer.set_weights(weights[layer.name])


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in shapes)


def _weights_alone(path: Path) -> Weights:
    """Return what an HDF5 file of weights holds, by names of layers; nothing if it is another file.

    Source: `legacy_h5_format.save_weights_to_hdf5_group` of Keras 3, and Keras 2 before it.
    """
    import h5py

    if not path.is_file() or not h5py.is_hdf5(path):
        return {}
    try:
        with h5py.File(path) as file:
            if "model_config" in file.attrs or "layer_names" not in file.attrs:
                return {}
            refuse_other_files(path, path)
            layers = {_text(name): file[name] for name in file.attrs["layer_names"]}
            return {
                name: [np.asarray(layer[w]) for w in map(_text, layer.attrs["weight_names"])]
                for name, layer in layers.items()
            }
    except UNREADABLE as error:
        raise BadInput(
            f"'{path}' is no complete file of weights ({reason(error)}); save it again."
        ) from error


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
