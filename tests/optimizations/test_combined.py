"""Optimizations one after another: the finished int8 file holds what each of them left."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.building.converting import weights_of
from edgekit.building.measuring.preserved import left_in, lost
from edgekit.core import registry
from edgekit.core.types import Array, silent
from tests.optimizations.test_optimizations import (
    NUM_CLASSES,
    SHAPE,
    accuracy,
    assert_agrees,
    data,
    kernels,
    recipe,
    train,
)

keras = pytest.importorskip("keras")
if find_spec("tensorflow_model_optimization") is None:  # importing it would change the process
    pytest.skip("needs edgekit-tflite[build]", allow_module_level=True)
pytestmark = pytest.mark.slow  # tracing tfmot's wrappers takes seconds, however small the model

CLUSTERS = 8
QAT = ["pruned-qat", "clustered-qat", "pruned-clustered-qat"]


@cache
def model() -> Any:
    """Return a trained model whose kernels differ in size.

    A normalization turns a channel's sign.
    """
    keras.utils.set_random_seed(0)
    x = keras.Input(SHAPE, name="image")
    y = keras.layers.Conv2D(10, 3, name="first", use_bias=False)(x)
    y = keras.layers.BatchNormalization(momentum=0.8, name="norm")(y)
    y = keras.layers.SeparableConv2D(8, 3, padding="same", name="apart")(keras.layers.ReLU()(y))
    y = keras.layers.BatchNormalization(momentum=0.8)(y)
    y = keras.layers.ReLU()(y + keras.layers.Conv2D(8, 1, name="short")(y))
    y = keras.layers.Dense(16, "relu", name="deep")(keras.layers.GlobalAveragePooling2D()(y))
    made = keras.Model(x, keras.layers.Dense(NUM_CLASSES, "softmax", name="scores")(y))
    train(made, "tiny", silent)
    first, norm = made.get_layer("first"), made.get_layer("norm")
    for weight in (first.kernel, norm.gamma, norm.moving_mean):
        weight.assign(weight.numpy() * np.where(np.arange(10) == 3, -1, 1))
    return made


@cache
def optimized(chain: str) -> Any:
    before, _, name = chain.rpartition("-")
    optimization = registry.get("optimizations", name)
    options: dict[str, Any] = dict(optimization.options)
    if name == "clustered":
        options["clusters"] = CLUSTERS
    if before:
        options["keep"] = [
            t for b in before.split("-") for t in registry.get("optimizations", b).leaves
        ]
    start = optimized(before) if before else model()
    return optimization.apply(start, recipe, "tiny", 1, silent, **options)


def converted(chain: str, folder: Path) -> Path:
    from edgekit.converters.tflite import converter
    from edgekit.source_model.export import export

    source = folder / "saved_model"
    export(optimized(chain), source, recipe.signature)
    np.savez(folder / "calibration.npz", image=data("calibration", "tiny").inputs["image"])
    out = folder / "model.tflite"
    converter.convert(source, out, precision="int8", calibration=folder / "calibration.npz")
    return out


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chain", QAT)
def test_an_int8_file_holds_the_zeros_of_pruning_and_the_values_of_clustering(
    chain: str, tmp_path: Path
) -> None:
    file = converted(chain, tmp_path)
    assert accuracy(optimized(chain)) > accuracy(model()) - 5
    assert_agrees(file, optimized(chain))
    by_size: dict[int, list[Array]] = {}
    for weight in weights_of(file):
        by_size.setdefault(weight.size, []).append(weight)
    for path, kernel in kernels(optimized(chain.rpartition("-")[0])).items():
        (stored,) = by_size[kernel.size]
        assert np.mean(stored == 0) >= np.mean(kernel == 0), path
        if "pruned" in chain:
            assert np.mean(stored == 0) >= 0.75 - 1 / kernel.size, path
        if "clustered" in chain:
            assert len(np.unique(stored)) <= CLUSTERS, path


@pytest.mark.filterwarnings("ignore")
def test_a_narrower_network_learns_rounding_too(tmp_path: Path) -> None:
    file = converted("distilled-qat", tmp_path)
    assert optimized("distilled-qat").count_params() < 0.7 * model().count_params()
    assert accuracy(optimized("distilled-qat")) > accuracy(model()) - 5
    assert_agrees(file, optimized("distilled-qat"))


def test_clustering_after_pruning_keeps_every_zero() -> None:
    pruned, both = kernels(optimized("pruned")), kernels(optimized("pruned-clustered"))
    for path, kernel in pruned.items():
        assert np.all(both[path][kernel == 0] == 0), path
        assert len(np.unique(both[path])) <= CLUSTERS, path


@pytest.mark.filterwarnings("ignore")
def test_a_file_of_training_that_kept_nothing_is_found_out(tmp_path: Path) -> None:
    from edgekit.converters.tflite import converter

    left = left_in(optimized("pruned"), ("zeros",))
    model().export(tmp_path / "saved_model", verbose=False)
    out = tmp_path / "model.tflite"
    converter.convert(tmp_path / "saved_model", out, precision="float32")
    assert "fewer zeros than pruning left" in lost(left, weights_of(out))["zeros"]
