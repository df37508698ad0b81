"""The steps of a build that change a trained model: pruning, clustering, distilling, rounding.

Each runs in a child process, so that tfmot's changes to its process end with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.building.measuring.preserved import Left, left_in
from edgekit.building.parts import MODEL, RecipeChoice, parts_of
from edgekit.building.run_folder import save_model
from edgekit.core import registry
from edgekit.core.child_process import report_progress
from edgekit.core.errors import BadInput
from edgekit.core.kinds import Trait
from edgekit.core.paths import atomic
from edgekit.core.recipe import Dataset, Recipe, Signature
from edgekit.core.types import Run, Size, Split
from edgekit.core.variant import Variant
from edgekit.intake.model import run_custom
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import tf_keras


@dataclass(frozen=True, kw_only=True)
class Optimized:
    """What an optimization made.

    Attributes:
        files: Part name -> what a converter reads of it: a `.keras` file or a SavedModel.
        whole: The model for the next optimization, a `.keras` file; "" if none can follow.
        left: By part, what it left in the kernels, and a file of it must hold.
    """

    files: Mapping[str, str]
    whole: str
    left: Mapping[str, tuple[Left, ...]]


def left_by(names: Sequence[str]) -> tuple[Trait, ...]:
    """Return what optimizations leave in a model that are applied one after another."""
    found = [trait for name in names for trait in registry.get("optimizations", name).leaves]
    return tuple(dict.fromkeys(found))


def may_follow(name: str, before: Sequence[str]) -> bool:
    """Whether an optimization keeps all that others left before it; none is applied twice."""
    keeps = registry.get("optimizations", name).keeps
    return name not in before and set(left_by(before)) <= set(keeps)


def refuse_undoing(variant: Variant) -> None:
    """Refuse a variant in which an optimization undoes what an earlier one did.

    Raises:
        BadInput: Says which, and what may come after the earlier ones.
    """
    names = variant.optimizations
    for count, name in enumerate(names):
        before = names[:count]
        if may_follow(name, before):
            continue
        done = "-".join(before)
        allowed = [done, *(f"{done}-{each}" for each in _known() if may_follow(each, before))]
        swapped = (*names[: count - 1], name, names[count - 1])
        if name not in before and _is_allowed(swapped):
            allowed.insert(0, "-".join(swapped))
        what = " and ".join(left_by(before)) or "what it did"
        raise BadInput(
            f"Variant '{variant}': '{name}' after '{done}' would undo {what}; allowed are "
            f"{', '.join(allowed)}."
        )


def chains(longest: int) -> list[tuple[str, ...]]:
    """Return the optimizations that can be applied one after another, at most `longest`."""
    found: list[tuple[str, ...]] = []
    newest: list[tuple[str, ...]] = [()]
    for _ in range(longest):
        newest = [(*old, name) for old in newest for name in _known() if may_follow(name, old)]
        found += newest
    return found


def _known() -> Sequence[str]:
    return registry.names("optimizations")


def _is_allowed(names: Sequence[str]) -> bool:
    return all(may_follow(name, names[:count]) for count, name in enumerate(names))


def optimize(
    choice: RecipeChoice, variant: Variant, model: Path, size: Size, seed: int, out: Path
) -> Optimized:
    """Apply a variant's last optimization to a model and write the result as folder `out`.

    Args:
        choice: The recipe, which says how to train on.
        variant: Whose earlier optimizations `model` has been through.
        model: The trained model, as a `.keras` file.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        out: What it is to be.

    Raises:
        BadInput: A part of the model is nothing that can be cut out after this optimization.
    """
    import keras

    from edgekit.source_model.export import export

    keras.utils.set_random_seed(seed)
    if code := choice.code_for(model):
        run_custom(code)
    recipe = choice.load()
    trained = keras.saving.load_model(model, compile=False, safe_mode=True)
    if recipe.fine_tuning.imitates:
        recipe = imitating(recipe, runner(trained))
    *before, name = variant.optimizations
    optimization = registry.get("optimizations", name)
    options: dict[str, object] = {**optimization.options, **variant.options_of(name)}
    if before and optimization.keeps:
        options["keep"] = left_by(before)
    changed = optimization.apply(trained, recipe, size, seed, report_progress, **options)
    parts = parts_of(recipe)
    with atomic(out) as folder:
        folder.mkdir()
        if isinstance(changed, keras.Model):
            split = parts.split(changed)
            for part, each in {MODEL: changed, **split}.items():
                save_model(each, folder / f"{part}.keras")
            return Optimized(
                files={part: f"{part}.keras" for part in parts.signatures},
                whole=f"{MODEL}.keras",
                left={part: left_in(each, optimization.leaves) for part, each in split.items()},
            )
        for part, signature in parts.signatures.items():
            export(cut(changed, part, signature), folder / part, signature)
        return Optimized(files={part: part for part in parts.signatures}, whole="", left={})


def imitating(recipe: Recipe, run: Run) -> Recipe:
    """Return a recipe whose targets are what a run answers to its inputs."""

    @cache
    def data(split: Split, size: Size) -> Dataset:
        examples = recipe.data(split, size)
        answers = run(examples.inputs)
        (*_, last) = answers.values()
        return replace(examples, targets=answers if len(answers) > 1 else last)

    return replace(recipe, data=data)


def cut(model: tf_keras.Model, part: str, signature: Signature) -> tf_keras.Model:
    """Return what a part is of a tf_keras model, which the recipe itself cannot split.

    Raises:
        BadInput: The part has an input or output that the whole has not.
    """
    import tf_keras

    inputs = dict(zip(model.input_names, model.inputs, strict=True))
    outputs = dict(zip(model.output_names, model.outputs, strict=True))
    if len(signature.inputs) == len(inputs) and len(signature.outputs) == len(outputs):
        return model
    strangers = [each.name for each in signature.inputs if each.name not in inputs]
    strangers += [each.name for each in signature.outputs if each.name not in outputs]
    if strangers:
        raise BadInput(
            f"Part '{part}' has '{strangers[0]}', and the trained model has {', '.join(inputs)} "
            f"and {', '.join(outputs)}; after this optimization a part is cut out by the names of "
            "the model's own inputs and outputs. Use another variant, such as int8."
        )
    return tf_keras.Model(
        [inputs[each.name] for each in signature.inputs],
        {each.name: outputs[each.name] for each in signature.outputs},
        name=model.name,
    )
