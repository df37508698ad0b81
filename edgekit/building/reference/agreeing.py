"""Does a recipe's model take and give what its signature says? Asked before it is trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from edgekit.building.parts import MODEL, parts_of
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Recipe, Tensor
from edgekit.source_model.export import signature_of

if TYPE_CHECKING:
    import keras


def refuse_other_model(recipe: Recipe, model: keras.Model) -> None:
    """Refuse an untrained model whose inputs or outputs are not those of the signature.

    Args:
        recipe: With the signature; of several parts, each with its own.
        model: What the recipe built.

    Raises:
        BadInput: A name, a shape, a type or the number of them differs, or a part is missing.
    """
    parts = parts_of(recipe)
    built = parts.split(model)
    if set(built) != set(parts.signatures):
        raise BadInput(
            f"The recipe's split gives the parts {_listed(built)}, and its signatures are of "
            f"{_listed(parts.signatures)}; let them be the same."
        )
    for part, said in parts.signatures.items():
        found = signature_of(built[part])
        where = "The recipe's model" if part == MODEL else f"The recipe's part '{part}'"
        for verb, kind, is_so, should_be in (
            ("takes", "inputs", found.inputs, said.inputs),
            ("gives", "outputs", found.outputs, said.outputs),
        ):
            if [_facts(tensor) for tensor in is_so] != [_facts(tensor) for tensor in should_be]:
                raise BadInput(
                    f"{where} {verb} {_described(is_so)}, and the signature's {kind} are "
                    f"{_described(should_be)}. Make them the same: inputs are named by "
                    "keras.Input(name=...), outputs by the layer they come from or by the keys of "
                    "a dict, and the batch is 1."
                )


def _facts(tensor: Tensor) -> tuple[str, tuple[int, ...], str]:
    return tensor.name, tuple(tensor.shape), tensor.dtype


def _described(tensors: Sequence[Tensor]) -> str:
    return ", ".join(f"'{t.name}' {t.dtype} {tuple(t.shape)}" for t in tensors) or "nothing"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
