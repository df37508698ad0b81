"""Check a Keras model file's description before Keras acts on it, so that no code in a file runs.

Keras 3 refuses Python lambdas in `safe_mode`. Keras 2 (tf_keras 2.21) does not: it runs the byte
code of a Lambda layer in an `.h5` file whatever `safe_mode` says, and accepts any function of any
module that a `.keras` file names. So every description is searched here first.
"""

from __future__ import annotations

import builtins
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import BadInput, UnsupportedLayer, reason
from edgekit.core.records import Json

_PACKAGES = ("keras", "tf_keras", "keras_hub", "keras_cv", "keras_nlp")
_CODE = ("Lambda", "__lambda__", "TFSMLayer", "ClassMethod", "InstanceMethod")
"""Classes that hold, or point to, a program instead of describing a layer."""

_PURE_MODULES = ("math.", "nn.", "__operators__.", "image.", "linalg.", "signal.")
# fmt: off
_PURE_FUNCTIONS = frozenset([
    "abs", "argmax", "broadcast_to", "cast", "clip_by_value", "concat", "convert_to_tensor",
    "expand_dims", "fill", "gather", "identity", "one_hot", "ones", "ones_like", "pad", "range",
    "rank", "repeat", "reshape", "reverse", "roll", "shape", "size", "slice", "split", "squeeze",
    "stack", "stop_gradient", "strided_slice", "tile", "transpose", "unstack", "where", "zeros",
    "zeros_like",
])
# fmt: on
"""TensorFlow functions that only compute; Keras 2 stores them as `TFOpLambda` layers."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a Keras file says about itself, before anything is built.

    Attributes:
        config: The model as Keras described it.
        keras_version: Version that wrote it; "" if it does not say (before Keras 2.0.5).
    """

    config: Json
    keras_version: str

    @property
    def is_keras_2(self) -> bool:
        """Whether Keras 2 wrote it, which today is the package tf_keras."""
        return not self.keras_version.startswith("3.")


def read_description(path: Path) -> Description:
    """Return the description inside a `.keras`, `.h5` or `.hdf5` file; builds nothing.

    Raises:
        BadInput: The file is not what its suffix says, is damaged, or holds weights only.
    """
    try:
        return _read_archive(path) if path.suffix == ".keras" else _read_hdf5(path)
    except (OSError, KeyError, ValueError, EOFError, RecursionError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"'{path}' is not a complete Keras model file ({reason(error)}). "
            f"Save it again with model.save('{path.name}')."
        ) from error


def check_description(config: Json, path: Path, *, registered: Collection[str] = ()) -> None:
    """Refuse a description that holds code or names a class that is not a part of Keras.

    Args:
        config: The model as Keras described it.
        path: The file it is from, for the error.
        registered: Names under which this process registered custom classes.

    Raises:
        UnsupportedLayer: Names the layer, and says what to do.
    """
    for layer, entry in _entries(config, "model"):
        kind, where = entry["class_name"], f"'{path}': layer '{layer}'"
        if kind == "function":  # then `config` is its name
            kind = str(entry.get("config"))
        if kind in _CODE or _is_python_builtin(entry):
            raise UnsupportedLayer(
                f"{where} holds '{kind.strip('_')}', a program stored in the file; edgekit runs "
                f"none. Put a Keras layer or keras.ops in its place, or {EXPORT_IT}"
            )
        if kind == "TFOpLambda" and not _is_pure(entry):
            raise UnsupportedLayer(
                f"{where} calls the TensorFlow function '{entry['config'].get('function')}', "
                f"which edgekit does not take from a file. Use a Keras layer, or {EXPORT_IT}"
            )
        if entry.get("registered_name") not in registered and _is_foreign(entry):
            raise custom_class(path, kind, layer)


EXPORT_IT = "export the model where its code is, model.export('folder'), and give that folder."


def custom_class(path: Path, kind: str, layer: str = "") -> UnsupportedLayer:
    """Return the error for a class whose code is not available."""
    where = f"layer '{layer}' needs" if layer else "a layer needs"
    return UnsupportedLayer(
        f"'{path}': {where} '{kind}', which is not a part of Keras; its code is not in the file. "
        f"Please {EXPORT_IT}"
    )


def _read_archive(path: Path) -> Description:
    if not zipfile.is_zipfile(path):
        raise BadInput(
            f"'{path}' is no .keras archive, or only a part of one. Save the model again with "
            f"model.save('{path.name}'); if the file is HDF5, name it .h5."
        )
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        metadata = json.loads(archive.read("metadata.json"))
    config.pop("compile_config", None)  # loss and metrics are not loaded, and may be custom
    return Description(config=config, keras_version=str(metadata["keras_version"]))


def _read_hdf5(path: Path) -> Description:
    import h5py

    if not h5py.is_hdf5(path):
        raise BadInput(
            f"'{path}' is not an HDF5 file, or only a part of one. Save the model again with "
            f"model.save('{path.name}')."
        )
    with h5py.File(path) as file:
        config, version = file.attrs.get("model_config"), file.attrs.get("keras_version", "")
    if config is None:
        raise BadInput(
            f"'{path}' holds weights only. Save the whole model: model.save('model.keras')."
        )
    return Description(config=json.loads(config), keras_version=_text(version))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _entries(value: Json, layer: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield every description of an object, with the name of the layer it belongs to."""
    if isinstance(value, dict):
        config = value.get("config")
        if "class_name" in value:
            layer = str(config["name"]) if isinstance(config, dict) and "name" in config else layer
            yield layer, value
        for part in value.values():
            yield from _entries(part, layer)
    elif isinstance(value, list):
        for part in value:
            yield from _entries(part, layer)


def _is_foreign(entry: Mapping[str, Json]) -> bool:
    """Whether the class is looked up outside Keras; files before Keras 2.13 name no module."""
    module, name = entry.get("module"), entry.get("registered_name")
    if isinstance(module, str) and module.split(".")[0] not in (*_PACKAGES, "builtins"):
        return True
    return isinstance(name, str) and ">" in name


def _is_python_builtin(entry: Mapping[str, Json]) -> bool:
    return entry.get("module") == "builtins" and any(
        isinstance(name, str) and hasattr(builtins, name)
        for name in (entry.get("config"), entry["class_name"])
    )


def _is_pure(entry: Mapping[str, Json]) -> bool:
    function = str(entry["config"].get("function", ""))
    return function in _PURE_FUNCTIONS or function.startswith(_PURE_MODULES)
