"""Give the inputs and outputs of a model the names that the user wants them to have in the file."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from edgekit.core.errors import BadInput
from edgekit.source_model.export import signature_of
from edgekit.source_model.interface import SavedModel, SourceModel, given_names


def parse_names(texts: Iterable[str]) -> dict[str, str]:
    """Return own name -> new name for texts such as `output_0=scores`.

    Raises:
        BadInput: A text is not of that form, or names something twice.
    """
    names: dict[str, str] = {}
    for text in texts:
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise BadInput(
                f"name is '{text}'; write the model's own name and the new one: output_0=scores."
            )
        if old in names:
            raise BadInput(f"name gives '{old}' two names, '{names[old]}' and '{new}'; give one.")
        names[old] = new
    return names


def with_names(model: SourceModel, names: Mapping[str, str]) -> SourceModel:
    """Return a model whose inputs and outputs go by other names; it answers as before.

    Everything after this knows them by the new names alone: calibration data, golden vectors, the
    file. A name that an input and an output share is given to both.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned.
        names: Own name of an input or output -> the new one.

    Raises:
        BadInput: There is no such input or output, or it cannot have that name.
    """
    if not names:
        return model
    check_names(names)
    signature = signature_of(model)
    roles = {
        "input": [tensor.name for tensor in signature.inputs],
        "output": [tensor.name for tensor in signature.outputs],
    }
    listed = "; ".join(f"{role}s {', '.join(map(repr, own))}" for role, own in roles.items())
    for old in names:
        if not any(old in own for own in roles.values()):
            raise BadInput(
                f"name gives '{old}' a new name; model '{model.name}' has the {listed}. Name one "
                "of them."
            )
    for role, own in roles.items():
        new = [names.get(name, name) for name in own]
        if twice := [name for k, name in enumerate(new) if name in new[:k]]:
            raise BadInput(
                f"name calls two {role}s '{twice[0]}'; model '{model.name}' has the {listed}. "
                "Give each a name of its own."
            )
    if isinstance(model, SavedModel):
        return replace(model, given_names=dict(names))
    vars(model)["given_names"] = dict(names)  # as an attribute, Keras would track and save it
    assert given_names(model) == names
    return model


def check_names(names: Mapping[str, str]) -> None:
    """Refuse new names that TensorFlow does not write into a signature unchanged.

    Raises:
        BadInput: A name is empty, a Python keyword, or has other characters.
    """
    for old, new in names.items():
        if not re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\-]*", new) or keyword.iskeyword(new):
            raise BadInput(
                f"name gives '{old}' the name '{new}'; letters, digits and . _ - are allowed, a "
                "letter or digit first, and no Python keyword. Choose another."
            )
