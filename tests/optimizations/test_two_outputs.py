"""Optimizations retrain models of several outputs, on padded targets, by a loss of one's own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from tests.support.two_outputs import box_loss, class_loss, data, recipe

keras = pytest.importorskip("keras")
if find_spec("tensorflow_model_optimization") is None:  # importing it would change the process
    pytest.skip("needs edgekit-tflite[build]", allow_module_level=True)


@cache
def model() -> Any:
    keras.utils.set_random_seed(0)
    return recipe.build("tiny")


def optimized(name: str, loss: Any = recipe.loss, **options: float) -> tuple[Any, list[float]]:
    """Return the result of an optimization, and the loss after each epoch of retraining."""
    told: list[str] = []
    optimization = registry.get("optimizations", name)
    changed = optimization.apply(
        model(),
        replace(recipe, loss=loss),
        "tiny",
        1,
        lambda _, doing: told.append(doing),
        **{**optimization.options, **options},
    )
    lines = [line for line in told if line.startswith("epoch")]
    return changed, [float(line.split()[3].rstrip(",")) for line in lines]


@pytest.mark.parametrize("loss", [recipe.loss, {"boxes": box_loss, "classes": class_loss}])
def test_pruning_keeps_its_sparsity_while_the_loss_falls(loss: Any) -> None:
    pruned, losses = optimized("pruned", loss, sparsity=0.5)
    assert losses[-1] < losses[0]
    kernels = [np.asarray(w) for w in pruned.weights if w.path.endswith("kernel")]
    assert len(kernels) == 3
    for kernel in kernels:
        assert np.mean(kernel == 0) == pytest.approx(0.5, abs=1 / kernel.size)
    assert pruned.output_names == model().output_names


def test_clustering_keeps_its_values_while_the_loss_falls() -> None:
    clustered, losses = optimized("clustered", clusters=8)
    assert losses[-1] < losses[0]
    kernels = [np.asarray(w) for w in clustered.weights if w.path.endswith("kernel")]
    assert all(len(np.unique(kernel)) <= 8 for kernel in kernels)


def test_quantization_aware_training_keeps_the_names_and_the_order_of_outputs() -> None:
    trained, losses = optimized("qat")
    assert losses[-1] < losses[0]
    assert any(type(layer).__name__ == "QuantizeWrapperV2" for layer in trained.layers)
    assert trained.output_names == model().output_names == ["boxes", "classes"]
    batch = data("test", "tiny").inputs["image"]
    answers, before = trained(batch), model()(batch)
    assert sorted(answers) == sorted(before) == ["boxes", "classes"]
    assert [tuple(answers[name].shape) for name in answers] == [
        tuple(before[name].shape) for name in answers
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Keras warns of itself when it saves
def test_quantized_outputs_are_called_as_the_recipe_says_in_the_file(tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    from edgekit.converters.tflite import converter
    from edgekit.source_model.export import export

    trained, _ = optimized("qat")
    export(trained, tmp_path / "saved_model", recipe.signature)
    calibration = tmp_path / "calibration.npz"
    np.savez(calibration, image=data("calibration", "tiny").inputs["image"])
    out = tmp_path / "model.tflite"
    converter.convert(tmp_path / "saved_model", out, precision="int8", calibration=calibration)
    run = Interpreter(str(out)).get_signature_runner()
    shapes = {name: tuple(port["shape"]) for name, port in run.get_output_details().items()}
    assert shapes == {tensor.name: tensor.shape for tensor in recipe.signature.outputs}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Keras warns of itself when it saves
def test_a_variant_that_asks_for_half_the_weights_gets_half_the_weights(tmp_path: Path) -> None:
    from edgekit.building.optimizing import optimize
    from edgekit.building.parts import RecipeChoice
    from edgekit.converters.tflite import converter
    from edgekit.core.variant import Variant
    from edgekit.verbs.inspect import inspect

    choice = RecipeChoice(
        name=str(Path(__file__).parent.parent / "support" / "recipes" / "blobs.py")
    )
    keras.utils.set_random_seed(0)
    choice.load().build("tiny").save(tmp_path / "trained.keras")
    variant = Variant.parse("pruned,sparsity=0.5-int8")
    made = optimize(choice, variant, tmp_path / "trained.keras", "tiny", 0, tmp_path / "pruned")
    source = tmp_path / "pruned" / made.files["model"]
    pruned = keras.saving.load_model(source)
    kernels = [np.asarray(w).ravel() for w in pruned.weights if w.path.endswith("kernel")]
    assert np.mean(np.concatenate(kernels) == 0) == pytest.approx(0.5, abs=0.005)

    calibration = tmp_path / "calibration.npz"
    np.savez(calibration, image=choice.load().data("calibration", "tiny").inputs["image"])
    out = tmp_path / "model.tflite"
    converter.convert(source, out, precision=variant.precision, calibration=calibration)
    # A few weights that are almost zero round to it.
    assert 0.5 <= inspect(out).sparsity < 0.53
