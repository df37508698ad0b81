"""Carry a Keras model from the user's own process to the child that converts it."""

from __future__ import annotations

from pathlib import Path

from edgekit.core.errors import BadInput, EdgekitError, UnsupportedLayer, reason
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.interface import KerasModel, interface_of
from edgekit.source_model.keras_file import check_description, read_description


def saved(model: KerasModel, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Save a model in this process; return the file, and a sentence if it lost something.

    A model of Keras' own layers becomes a `.keras` file. One with layers, functions or a class of
    the user's own becomes a SavedModel, which holds the program of all of them.

    Args:
        model: A `keras.Model` or a `tf_keras.Model` that knows its inputs.
        folder: Where to write; it has to exist.

    Raises:
        BadInput: It is no model, does not know its inputs, or cannot be saved.
    """
    name = interface_of(model).name  # says what is wrong with what is no model
    path = folder / f"{_plain(name)}.keras"
    try:
        model.save(path)
        # As in the child, where nothing is registered.
        check_description(read_description(path).config, path)
        return path, ()
    except UnsupportedLayer:
        why = "layers or functions of its own"
    except Exception:  # Keras raises whatever a layer raises that it cannot describe
        why = "what Keras cannot save"
    path = path.with_suffix("")
    try:
        export(model, path, signature_of(model))
    except EdgekitError:
        raise
    except Exception as error:  # TensorFlow's and the layers' own
        raise BadInput(
            f"Model '{name}' holds {why}, and cannot be exported as a SavedModel: "
            f"{reason(error)}. Save it yourself, model.save('model.keras'), and give that file, "
            "with its code in custom."
        ) from error
    return path, (
        f"The model holds {why}: it was carried as a SavedModel, whose layers cannot be named, and "
        "whose recurrent layers stay loops.",
    )


def _plain(name: str) -> str:
    """Return a model's name as a file's."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name) or "model"
