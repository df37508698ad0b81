"""A detector of parts with a loss of its own is pruned, retrained with rounding, and converted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.bridge.carry import to_tf_keras
from edgekit.bridge.fine_tuning import fine_tune
from edgekit.building.optimizing import cut
from edgekit.building.pipeline import build
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Recipe, Signature, Tensor
from tests.support.paths import RECIPES

DOTS = str(RECIPES / "dots.py")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return registry.get("recipes", DOTS)


def test_its_score_tells_right_from_wrong(recipe: Recipe) -> None:
    test = recipe.data("test", "tiny")
    right, wrong = recipe.answer_key(test)
    assert recipe.score(right, test) == 100
    assert recipe.score(wrong, test) == 0
    assert recipe.details is not None
    assert recipe.details(right, test) == {"AP red": 100, "AP blue": 100, "mAP@[0.5:0.95]": 100}


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [list, dict])
def test_retraining_gives_its_loss_the_outputs_of_the_model_by_their_names(
    recipe: Recipe, outputs: type
) -> None:
    import keras

    seen: set[str] = set()

    def loss(targets: Any, answers: Any) -> Any:
        seen.update(answers)
        assert callable(recipe.loss)
        return recipe.loss(targets, answers)

    model = recipe.build("tiny")
    if outputs is dict:
        named = {"raw_scores": model.outputs[1], "raw_boxes": model.outputs[0]}
        model = keras.Model(model.input, named)
    few = replace(recipe.fine_tuning, epochs={"tiny": 1})
    fine_tune(
        to_tf_keras(model),
        replace(recipe, loss=loss, fine_tuning=few),
        size="tiny",
        seed=0,
        progress=lambda *_: None,
    )
    assert seen == {"raw_boxes", "raw_scores"}


@pytest.mark.slow
def test_every_variant_is_built_and_finds_the_dots(tmp_path: Path) -> None:
    report = build(DOTS, targets=["litert"], out=tmp_path)
    assert report.ok
    rows = json.loads((tmp_path / "dots" / "report.json").read_text())["rows"]
    assert {row["variant"] for row in rows} == {"float32", "int8", "pruned-int8", "qat-int8"}
    for row in rows:
        assert row["status"] == "measured"
        assert row["value"] > 70
        assert row["details"]["AP red"] > 60
    for variant in ("pruned-int8", "qat-int8"):
        assert (tmp_path / "dots" / variant / "network.tflite").is_file()


@pytest.mark.slow
def test_a_part_is_cut_out_of_a_retrained_model_by_its_names(recipe: Recipe) -> None:
    model = to_tf_keras(recipe.build("tiny"))
    assert recipe.parts is not None
    (whole,) = recipe.parts.signatures.values()
    assert cut(model, "network", whole) is model
    scores = Signature(inputs=whole.inputs, outputs=whole.outputs[1:])
    image = np.zeros((1, 16, 24, 3), np.float32)
    answer = cut(model, "network", scores)(image)
    assert list(answer) == ["raw_scores"]
    assert np.allclose(answer["raw_scores"], model(image)[1])
    other = Signature(inputs=(Tensor(name="crops", shape=(1, 3)),), outputs=whole.outputs[:1])
    with pytest.raises(BadInput, match="Part 'regions' has 'crops', and the trained model has ima"):
        cut(model, "regions", other)
