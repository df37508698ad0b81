"""The step of a build that changes a trained model: pruning, clustering, distilling, rounding.

It runs in a child process, so that tfmot's changes to its process end with it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.building.parts import RecipeChoice, parts_of
from edgekit.building.run_folder import save_model
from edgekit.core import registry
from edgekit.core.child_process import report_progress
from edgekit.core.errors import BadInput
from edgekit.core.paths import atomic
from edgekit.core.recipe import Dataset, Recipe, Signature
from edgekit.core.types import Run, Size, Split
from edgekit.core.variant import Variant
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import tf_keras


def optimize(
    choice: RecipeChoice, variant: Variant, model: Path, size: Size, seed: int, out: Path
) -> dict[str, str]:
    """Apply a variant's optimization to a trained model and write the result as folder `out`.

    It is one; a plan refuses variants of several.

    Returns:
        Part name -> the name within `out` that a converter reads, a `.keras` file or a SavedModel.

    Raises:
        BadInput: A part of the model is nothing that can be cut out after this optimization.
    """
    import keras

    from edgekit.source_model.export import export

    keras.utils.set_random_seed(seed)
    recipe = choice.load()
    trained = keras.saving.load_model(model, compile=False, safe_mode=True)
    if recipe.fine_tuning.imitates:
        recipe = imitating(recipe, runner(trained))
    (name,) = variant.optimizations
    optimization = registry.get("optimizations", name)
    options = {**optimization.options, **variant.options_of(name)}
    changed = optimization.apply(trained, recipe, size, seed, report_progress, **options)
    parts = parts_of(recipe)
    with atomic(out) as folder:
        folder.mkdir()
        if isinstance(changed, keras.Model):
            for part, each in parts.split(changed).items():
                save_model(each, folder / f"{part}.keras")
            return {part: f"{part}.keras" for part in parts.signatures}
        for part, signature in parts.signatures.items():
            export(cut(changed, part, signature), folder / part, signature)
        return {part: part for part in parts.signatures}


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
