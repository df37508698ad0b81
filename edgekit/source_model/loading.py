"""Load a user's model: a `.keras` or `.h5` file in safe mode, or a SavedModel."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from edgekit.core.errors import BadData, BadInput, NotFound, UnsupportedLayer, reason
from edgekit.core.recipe import Signature
from edgekit.core.records import Json, from_json
from edgekit.source_model.interface import KerasModel, SavedModel, SourceModel, nested_layers
from edgekit.source_model.keras_file import (
    EXPORT_IT,
    check_description,
    custom_class,
    read_description,
)

if TYPE_CHECKING:
    from tensorflow.types.experimental import ConcreteFunction

SIGNATURE = "serving_default"

NOTE = Path("assets.extra") / "signature.json"
"""Where an export keeps its signature: a SavedModel forgets the order of inputs and outputs.

`assets.extra` is the part of a SavedModel that TensorFlow leaves to others.
Source: https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk
"""


def load_model(path: Path, *, signature: str = "") -> SourceModel:
    """Load a model from a file or folder; it is not compiled for training.

    A `.keras`, `.h5` or `.hdf5` file is data; one that carries Python code is refused. A SavedModel
    is a program: TensorFlow runs what is in it, file access included, so load only those from a
    source you trust.

    Args:
        path: The file or folder.
        signature: Which one of a SavedModel; "" for `serving_default`, or the only one.

    Returns:
        A `keras.Model`, a `tf_keras.Model` if Keras 2 wrote the file, or a `SavedModel`.

    Raises:
        NotFound: There is nothing at `path`.
        BadInput: It is not a model, is damaged, or holds weights only.
        UnsupportedLayer: It holds code, or a layer that is not a part of Keras.
    """
    if not path.exists():
        raise NotFound(f"There is no '{path}'; give a .keras or .h5 file or a SavedModel folder.")
    if path.is_dir():
        return _load_saved_model(path, signature)
    if signature:
        raise BadInput(
            f"signature is '{signature}', and '{path}' is a file; only SavedModel folders have "
            "signatures. Leave it out."
        )
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise BadInput(f"'{path}' is no .keras or .h5 file and no SavedModel folder; give one.")
    return _load_keras(path)


def _load_keras(path: Path) -> KerasModel:
    description = read_description(path)
    library = importlib.import_module("tf_keras" if description.is_keras_2 else "keras")
    registered = _registered(library, description.config, path)
    check_description(description.config, path, registered=registered)
    try:
        with _uncompiled(library):
            model = library.models.load_model(str(path), compile=False, safe_mode=True)
        for inner in nested_layers(model):
            if getattr(inner, "compiled", False):  # Keras 3 says so though nothing was done
                inner.compiled = False
        return model
    except Exception as error:  # Keras raises whatever the layer it was building raised
        unknown_class = re.search(
            r"(?:Unknown layer:|Could not locate \w+|of type) ['`]([\w>]+)['`]", str(error)
        )
        if unknown_class:
            raise custom_class(path, unknown_class[1]) from error
        way_on = ""
        if _holds_bytes(path):
            way_on = (
                " Keras quantized this model (model.quantize), and does not read back every layer "
                "that it quantized, such as MultiHeadAttention: save the model before that, and "
                "convert it with --precision int8."
            )
        raise BadInput(
            f"'{path}', written by Keras {description.keras_version or '1'}, cannot be read by "
            f"Keras {library.__version__}: {reason(error)}.{way_on}"
        ) from error


def _holds_bytes(path: Path) -> bool:
    """Whether a `.keras` file holds weights of one byte, as Keras' `quantize` makes them.

    The description does not say it of the layers inside a MultiHeadAttention (Keras 3.15).
    """
    import h5py

    if path.suffix != ".keras":
        return False
    found: list[bool] = []

    def visit(_name: str, item: h5py.Dataset | h5py.Group) -> None:
        found.append(isinstance(item, h5py.Dataset) and item.dtype in ("int8", "uint8"))

    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".h5"):
                with h5py.File(io.BytesIO(archive.read(name))) as weights:
                    weights.visititems(visit)
    return any(found)


@contextmanager
def _uncompiled(library: ModuleType) -> Iterator[None]:
    """Leave out what inner models were compiled with, which may be the user's own loss.

    Keras' `compile=False` means the outermost model alone: it builds the optimizers of the others,
    and warns that one which was never used has no variables.
    """
    compiling = library.Model.compile_from_config
    library.Model.compile_from_config = lambda _model, _config: None
    try:
        yield
    finally:
        library.Model.compile_from_config = compiling


_OF_HUB = re.compile(r"keras_(?:hub|nlp)(?:[>.]\w+)+")
"""How a description names what is in keras-hub: as registered, or by a module."""
_IN_HUB = re.compile(r'"module": "(keras_hub[\w.]*)", "class_name": "(\w+)"')
"""How it names what keras-hub has and does not register."""


def _registered(library: ModuleType, config: Json, path: Path) -> Mapping[str, object]:
    """Return what a description may name besides Keras' own, by the names it may use.

    That is what the user's own code has registered, and the layers and models of keras-hub if the
    description names any; keras-hub is imported for it. Its tokenizers and preprocessors open paths
    that a description names, and are refused.

    Raises:
        UnsupportedLayer: keras-hub is needed and not installed, or what is named reads files.
    """
    text = json.dumps(config)
    named = set(_OF_HUB.findall(text))
    if named:
        _import_hub(path, min(named))
    known: dict[str, object] = {}
    for name, value in library.saving.get_custom_objects().items():
        if not _is_of_hub(value) or _only_computes(value):
            known[name] = value
        elif name in named:
            raise UnsupportedLayer(
                f"'{path}' holds '{name}' of keras-hub, which reads files or does not compute what "
                "TFLite can. Save the model without it (preprocessor=None, or model.backbone)."
            )
    for module, name in _IN_HUB.findall(text):
        value = getattr(sys.modules.get(module), name, None)
        if _is_of_hub(value) and _only_computes(value):
            known[f"{module}.{name}"] = value
    return known


def _import_hub(path: Path, needed: str) -> None:
    if importlib.util.find_spec("keras_hub") is None:
        raise UnsupportedLayer(
            f"'{path}' needs layers of keras-hub, such as '{needed}', which is not installed. "
            f"Install it: pip install keras-hub; or {EXPORT_IT}"
        )
    try:
        importlib.import_module("keras_hub")
    except Exception as error:  # whatever one of its many dependencies raises
        raise BadInput(
            f"'{path}' needs keras-hub, which is installed and cannot be imported "
            f"({reason(error)}). Install it again: pip install --upgrade keras-hub; or {EXPORT_IT}"
        ) from error


def _is_of_hub(value: object) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] == "keras_hub"


def _only_computes(value: object) -> bool:
    """Whether something of keras-hub 0.32 is a layer, or an activation, that opens no file."""
    import keras

    if not isinstance(value, type):
        return getattr(value, "__name__", "") == "gelu_approximate"
    names = {base.__name__ for base in value.__mro__}
    return issubclass(value, keras.Layer) and "PreprocessingLayer" not in names


def _load_saved_model(folder: Path, signature: str) -> SavedModel:
    import tensorflow as tf

    if not any((folder / f"saved_model.{suffix}").is_file() for suffix in ("pb", "pbtxt")):
        raise BadInput(
            f"'{folder}' holds no saved_model.pb, so it is not a SavedModel; give the folder that "
            "model.export('folder') wrote."
        )
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow's loader raises a dozen kinds
        raise BadInput(
            f"'{folder}' is a damaged SavedModel, or needs operators that are not here: "
            f"{reason(error)}."
        ) from error
    model = SavedModel(
        name=folder.name,
        function=next(iter(loaded.signatures.values()), None),
        loaded=loaded,
        signature=_noted(folder / NOTE),
    )
    return with_signature(model, signature, where=str(folder))


def with_signature(model: SavedModel, signature: str, *, where: str) -> SavedModel:
    """Return another function of the same SavedModel.

    Args:
        model: A SavedModel, by whichever of its signatures.
        signature: Which one is wanted; "" for `serving_default`, or the only one.
        where: The folder, for the error.

    Raises:
        BadInput: It has no such signature.
    """
    signatures = dict(model.loaded.signatures)
    name = signature or (next(iter(signatures)) if len(signatures) == 1 else SIGNATURE)
    if name not in signatures:
        have = ", ".join(map(repr, signatures)) or "(none)"
        remedy = "choose one with --signature" if signatures else "model.export('folder') writes it"
        wanted = f"you asked for '{name}'" if signature else f"one called '{name}' is needed"
        raise BadInput(f"'{where}' has the signatures {have}; {wanted}: {remedy}.")
    function = signatures[name]
    return replace(
        model,
        function=function,
        signature_name=name,
        left_out=tuple(n for n, other in signatures.items() if not _is_same(other, function)),
    )


def _is_same(one: ConcreteFunction, other: ConcreteFunction) -> bool:
    """Whether two signatures are one function by two names, as Keras exports `serve` twice."""
    return all(
        getattr(one, what) == getattr(other, what)
        for what in ("structured_input_signature", "structured_outputs")
    )


def _noted(path: Path) -> Signature | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return from_json(Signature, facts, what=f"'{path}'", remedy="export the model again")
    except (OSError, ValueError, BadData):
        return None
