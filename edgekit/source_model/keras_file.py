"""Check a Keras model file's description before Keras acts on it, so that no code in a file runs.

Both Keras import modules, call functions and open paths that a description names. `safe_mode` does
not stop it: Keras 2 (tf_keras 2.21) runs the byte code of a Lambda layer in an `.h5` file whatever
`safe_mode` says, takes any function of any module in a `.keras` file, and calls what TensorFlow
exports, `io.write_file` among it, while it rebuilds a model. So every description is searched here
first, and what `edgekit.source_model.allowlist` does not list is refused.
"""

from __future__ import annotations

import builtins
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgekit.core.errors import BadInput, UnsupportedLayer, reason
from edgekit.core.paths import require_small, unpacked_bytes
from edgekit.core.records import Json, json_object
from edgekit.source_model.allowlist import (
    CLASSES,
    CODE,
    FUNCTIONS,
    TENSORFLOW_FUNCTIONS,
    TENSORFLOW_OPERATORS,
)
from edgekit.source_model.golden_vectors import UNREADABLE

_KERAS_MODULE = re.compile(r"(tf_)?keras(\.\w+)*|tensorflow\.python\.ops\.init_ops(_v2)?")
"""Where Keras finds its own; Keras 2 also takes TensorFlow's initializers."""
_BY_NAME = re.compile(r"(\w+_)?(activation|initializer|regularizer|constraint)")
"""Settings of layers whose text is the name of a function or class."""
_FROM_A_PATH = ("vocabulary", "idf_weights", "vocabulary_file", "merges", "proto")
"""Settings that hold words or numbers, or the path of a file of the machine that has them."""
_CALLS = {
    "TFOpLambda": TENSORFLOW_FUNCTIONS,
    "SlicingOpLambda": frozenset(["__operators__.getitem"]),
    "TensorFlowOpLayer": TENSORFLOW_OPERATORS,
}
"""Layers of Keras 2 that call TensorFlow -> what they may call."""


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
        return self.keras_version.partition(".")[0] in ("", "0", "1", "2")


def read_description(path: Path) -> Description:
    """Return the description inside a `.keras`, `.h5` or `.hdf5` file; builds nothing.

    Raises:
        BadInput: The file is not what its suffix says, is damaged, or holds weights only.
    """
    try:
        return _read_archive(path) if path.suffix == ".keras" else _read_hdf5(path)
    except UNREADABLE as error:
        raise BadInput(
            f"'{path}' is not a complete Keras model file ({reason(error)}). "
            f"Save it again with model.save('{path.name}')."
        ) from error


def check_description(
    config: Json, path: Path, *, registered: Mapping[str, object] | None = None
) -> None:
    """Refuse a description that names a program, a path, or what is not a part of Keras.

    Args:
        config: The model as Keras described it.
        path: The file it is from, for the error.
        registered: Custom classes and functions of this process, by the name they go by.

    Raises:
        UnsupportedLayer: Names the layer, and says what to do.
    """
    own = registered or {}
    try:
        entries = list(_entries(config, "model"))
    except RecursionError as error:
        raise BadInput(f"'{path}' describes layers inside one another without end.") from error
    for layer, entry in entries:
        sentence = _program_in(entry) if "class_name" in entry else ""
        if sentence := sentence or _call_of_constants(entry) or _path_in(entry):
            raise UnsupportedLayer(f"'{path}': layer '{layer}' {sentence}, or {EXPORT_IT}")
        for name in _unknown(entry, own):
            raise custom_class(path, name, layer)


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
    require_small(path, unpacked_bytes(path), "unpacks to")
    with zipfile.ZipFile(path) as archive:
        config = json_object(archive.read("config.json"))
        metadata = json_object(archive.read("metadata.json"))
        for name in archive.namelist():
            if name.endswith((".h5", ".hdf5")):
                refuse_other_files(io.BytesIO(archive.read(name)), path)
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
    refuse_other_files(path, path)
    return Description(config=json_object(config), keras_version=_text(version))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _entries(value: Json, layer: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield every JSON object, with the name of the layer it belongs to."""
    if isinstance(value, dict):
        config = value.get("config")
        if "class_name" in value:
            layer = str(config["name"]) if isinstance(config, dict) and "name" in config else layer
        yield layer, value
        # What an inner model was compiled with is not loaded either; see `loading`.
        unread = "compile_config" if {"class_name", "config"} <= value.keys() else ""
        for key, part in value.items():
            if key != unread:
                yield from _entries(part, layer)
    elif isinstance(value, list):
        for part in value:
            yield from _entries(part, layer)


def _program_in(entry: Mapping[str, Json]) -> str:
    """Return what is wrong with an object that holds a program or calls TensorFlow, or ""."""
    name, config = entry["class_name"], entry.get("config")
    if name == "function":  # then `config` is its name
        name = config
    at_python = entry.get("module") == "builtins" and hasattr(builtins, str(name))
    if str(name) in CODE or at_python:
        return (
            f"holds '{str(name).strip('_')}', a program stored in the file; edgekit runs none. Put "
            "a Keras layer or keras.ops in its place"
        )
    if str(name) not in _CALLS:
        return ""
    called = config.get("function") if isinstance(config, dict) else None
    if name == "TensorFlowOpLayer" and isinstance(config, dict):
        node = config.get("node_def")
        called = node.get("op") if isinstance(node, dict) else node
    if isinstance(called, str) and called in _CALLS[str(name)]:
        return ""
    return (
        f"calls the TensorFlow function '{called}', which edgekit does not take from a file. Use a "
        "Keras layer"
    )


def _call_of_constants(entry: Mapping[str, Json]) -> str:
    """Return what is wrong with a layer that is called without any layer's output, or ""."""
    nodes = entry.get("inbound_nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if (node and not _has_output_of_a_layer(node)) or _has_text(node, "_COMPOSITE_TYPE"):
            return (
                "is called on constants alone and would run while the file is read; edgekit takes "
                "only calls on the outputs of layers. Compute the constant before, in Python"
            )
    return ""


def _has_output_of_a_layer(node: Json) -> bool:
    """Whether a call takes a layer's output: `[name, 0, 0]` in Keras 2, an object in Keras 3."""
    if isinstance(node, dict):
        is_output = node.get("class_name") == "__keras_tensor__"
        return is_output or any(map(_has_output_of_a_layer, node.values()))
    if not isinstance(node, list):
        return False
    match node:
        case [str(name), int(), int(), *_] if name != "_CONSTANT_VALUE":
            return True
    return any(map(_has_output_of_a_layer, node))


def _has_text(value: Json, text: str) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return value == text or (isinstance(value, list) and any(_has_text(v, text) for v in value))


def _path_in(entry: Mapping[str, Json]) -> str:
    """Return what is wrong with an object that would read a file of this machine, or ""."""
    for key in _FROM_A_PATH:
        value = entry.get(key)
        is_array = isinstance(value, dict) and value.get("class_name") in (
            "__tensor__",
            "__numpy__",
        )
        if not (value is None or isinstance(value, list) or is_array):
            return (
                f"takes its {key.replace('_', ' ')} from '{value}'; edgekit opens no path that a "
                "model names. Give the layer the values themselves, as a list"
            )
    return ""


def _unknown(entry: Mapping[str, Json], own: Mapping[str, object]) -> Iterator[str]:
    """Yield the names that Keras would look up and that are no part of it, nor of this process."""
    if "class_name" in entry:
        is_function = entry["class_name"] == "function"
        name = str(entry.get("config") if is_function else entry["class_name"])
        if not _is_known(name, FUNCTIONS if is_function else CLASSES | _CALLS.keys(), entry, own):
            yield name
    for key, value in entry.items():
        is_name = isinstance(value, str) and _BY_NAME.fullmatch(key)
        if is_name and value not in FUNCTIONS | CLASSES and value not in own:
            yield value


def _is_known(
    name: str, known: Collection[str], entry: Mapping[str, Json], own: Mapping[str, object]
) -> bool:
    """Whether Keras finds a class or function in itself or in `own`, and looks nowhere else."""
    registered, module = entry.get("registered_name"), entry.get("module")
    if isinstance(registered, str) and registered in own:
        return name in (registered, getattr(own[registered], "__name__", ""))
    if registered in (None, name) and f"{module}.{name}" in own:
        return True
    if registered not in (None, name, "function") or (name not in known and name not in own):
        return False
    if module is None or (module == "builtins" and known is FUNCTIONS):
        return True
    return isinstance(module, str) and _KERAS_MODULE.fullmatch(module) is not None


def refuse_other_files(file: IO[bytes] | Path, path: Path) -> None:
    """Refuse weights in HDF5 that lie in another file of this machine, or in no file at all.

    Raises:
        BadInput: A link, or a data set, points out of the file.
    """
    import h5py

    def visit(group: h5py.Group) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.HardLink):
                item = group[name]
                if isinstance(item, h5py.Group):
                    visit(item)
                    continue
                if not (isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)):
                    continue
            raise BadInput(
                f"'{path}': the weights '{group.name}/{name}' lie in another file; edgekit opens "
                "no file that a model names. Save the model again with model.save."
            )

    with h5py.File(file) as whole:
        visit(whole)
