"""A recipe's model is held against its signature before it is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import pytest

import edgekit
from edgekit.building.reference.agreeing import refuse_other_model
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Recipe, Signature, Tensor
from tests.support.paths import RECIPES


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return registry.get("recipes", str(RECIPES / "blobs.py"))


@pytest.mark.parametrize("name", registry.names("recipes"))
def test_every_recipe_builds_what_its_signature_says(name: str) -> None:
    recipe = registry.get("recipes", name)
    refuse_other_model(recipe, recipe.build("tiny"))
    keras.backend.clear_session()


@pytest.mark.parametrize(
    ("side", "tensor", "sentence"),
    [
        (
            "outputs",
            Tensor(name="logits", shape=(1, 4)),
            r"gives 'scores' float32 \(1, 4\), and the signature's outputs are 'logits' float32",
        ),
        ("outputs", Tensor(name="scores", shape=(1, 5)), r"outputs are 'scores' float32 \(1, 5\)"),
        (
            "inputs",
            Tensor(name="image", shape=(1, 8, 8, 1), dtype="int32"),
            r"takes 'image' float32 \(1, 8, 8, 1\), and the signature's inputs are 'image' int32",
        ),
        ("inputs", None, r"the signature's inputs are nothing\. Make them the same"),
    ],
)
def test_what_differs_is_refused(
    recipe: Recipe, side: str, tensor: Tensor | None, sentence: str
) -> None:
    tensors = () if tensor is None else (tensor,)
    signature: Signature = replace(recipe.signature, **{side: tensors})  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=sentence):
        refuse_other_model(replace(recipe, signature=signature), recipe.build("tiny"))


def test_a_part_without_a_signature_is_refused() -> None:
    recipe = registry.get("recipes", "keywords_lstm")
    assert recipe.parts is not None
    parts = replace(recipe.parts, signatures={"whole": recipe.signature})
    with pytest.raises(BadInput, match="and its signatures are of 'whole'; let them be the same"):
        refuse_other_model(replace(recipe, parts=parts), recipe.build("tiny"))


@pytest.mark.slow
def test_a_refused_build_leaves_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    text = (RECIPES / "blobs.py").read_text()
    other.write_text(text.replace('name="scores")(x)', 'name="logits")(x)'))
    with pytest.raises(BadInput, match="gives 'logits'"):
        edgekit.build(other, out=tmp_path / "runs")
    assert not (tmp_path / "runs" / "other").exists()
