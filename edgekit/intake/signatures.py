"""Take several signatures of a SavedModel into one file, which shares their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from edgekit.core.errors import BadInput
from edgekit.source_model.interface import SavedModel, SourceModel, interface_of, parts_of
from edgekit.source_model.loading import with_signature

T = TypeVar("T")


def check_signatures(names: Sequence[str]) -> None:
    """Refuse signatures that cannot go into one file.

    Raises:
        BadInput: One is named twice.
    """
    if twice := [name for k, name in enumerate(names) if name in names[:k]]:
        raise BadInput(f"signature names '{twice[0]}' twice; name each signature once.")


def with_beside(model: SourceModel, names: Sequence[str], path: Path) -> SourceModel:
    """Return a SavedModel with further signatures of it, for the same file.

    Args:
        model: By its first signature.
        names: Those that come beside it.
        path: Its folder, for errors.

    Raises:
        BadInput: There is no such signature, or one cannot go beside another.
    """
    if not isinstance(model, SavedModel) or not names:
        return model
    beside = tuple(with_signature(model, name, where=str(path)) for name in names)
    chosen = {model.signature_name, *names}
    odd = [name for name in chosen if "/" in name or ":" in name]
    if odd:
        raise BadInput(
            f"signature is '{odd[0]}'; among several, / and : cannot stand in the name of one. "
            "Convert it alone."
        )
    left_out = tuple(name for name in model.left_out if name not in chosen)
    return replace(model, beside=beside, left_out=left_out)


def each_part(
    model: SourceModel,
    given: Mapping[str, T],
    change: Callable[[SourceModel, Mapping[str, T]], SourceModel],
    *,
    what: str,
) -> SourceModel:
    """Change each signature's function by what is given for its inputs and outputs.

    Args:
        model: With one signature or several.
        given: Name of an input or output -> what it gets. Of several signatures,
            `SIGNATURE/NAME` concerns one, and `NAME` all that have it.
        change: Changes one function.
        what: What is given, for the error.

    Raises:
        BadInput: No signature has an input or output of that name.
    """
    parts = parts_of(model)
    if len(parts) == 1 or not given:
        return change(model, given)
    changed, taken = [], set[str]()
    for key, part in parts.items():
        own = _names_of(part)
        mine = {
            name.removeprefix(f"{key}/"): (name, value)
            for name, value in given.items()
            if name.removeprefix(f"{key}/") in own
        }
        taken |= {name for name, _ in mine.values()}
        changed.append(change(part, {name: value for name, (_, value) in mine.items()}))
    if strange := [name for name in given if name not in taken]:
        listed = "; ".join(f"'{key}' has {_listed(part)}" for key, part in parts.items())
        raise BadInput(f"{what} names '{strange[0]}'; signature {listed}. Name one of them.")
    first, *beside = changed
    assert isinstance(first, SavedModel)
    return replace(first, beside=tuple(p for p in beside if isinstance(p, SavedModel)))


def _names_of(part: SourceModel) -> list[str]:
    inputs = [each.name for each in interface_of(part).inputs]
    outputs = part.function.structured_outputs if isinstance(part, SavedModel) else ()
    return list(dict.fromkeys([*inputs, *outputs]))


def _listed(part: SourceModel) -> str:
    return ", ".join(f"'{name}'" for name in _names_of(part))
