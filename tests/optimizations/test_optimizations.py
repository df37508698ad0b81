"""Every optimization keeps what the model learned and does to the weights what it says."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split, silent
from edgekit.domains.learning.answer_keys import labels_key

keras = pytest.importorskip("keras")
if find_spec("tensorflow_model_optimization") is None:  # importing it would change the process
    pytest.skip("needs edgekit-tflite[build]", allow_module_level=True)
pytestmark = pytest.mark.slow  # tracing tfmot's wrappers takes seconds, however small the model

# What follows is only as large as it must be to have every kind of kernel and something to learn.
SHAPE, NUM_CLASSES = (8, 8, 4), 3
NAMES = registry.names("optimizations")


def build(size: Size) -> Any:
    x = keras.Input(SHAPE, name="image")
    y = keras.layers.Conv2D(8, 3, name="first", activation="relu", use_bias=False)(x)
    y = keras.layers.BatchNormalization(momentum=0.8)(y)
    y = keras.layers.SeparableConv2D(8, 3, padding="same", name="apart")(y)
    y = keras.layers.BatchNormalization(momentum=0.8)(y)
    y = keras.layers.ReLU()(y + keras.layers.Conv2D(8, 1, name="short")(y))
    y = keras.layers.GlobalAveragePooling2D()(y)
    inner = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(16, "relu", name="deep")], name="inner"
    )
    y = keras.layers.Dropout(0.1)(inner(y))
    return keras.Model(x, keras.layers.Dense(NUM_CLASSES, "softmax", name="scores")(y))


@cache
def data(split: Split, size: Size) -> Dataset:
    """Noise in which one of three channels is brighter: its number is the class."""
    random = np.random.default_rng(["train", "validation", "test", "calibration"].index(split))
    targets = random.integers(0, NUM_CLASSES, 192)
    images = random.normal(size=(192, *SHAPE)).astype("float32")
    images += np.eye(NUM_CLASSES, SHAPE[-1], dtype="float32")[targets][:, None, None]
    return Dataset(inputs={"image": images}, targets=targets.astype("int32"))


def train(model: Any, size: Size, progress: Progress) -> Any:
    examples = data("train", size)
    model.compile(keras.optimizers.Adam(1e-2), recipe.loss)
    model.fit(examples.inputs["image"], examples.targets, epochs=6, batch_size=32, verbose=0)
    return model


def score(run: Run, examples: Dataset) -> float:
    answers = run(examples.inputs)["scores"]
    return 100 * float(np.mean(answers.argmax(-1) == examples.targets))


recipe = Recipe(
    signature=Signature(
        inputs=(Tensor(name="image", shape=(1, *SHAPE)),),
        outputs=(Tensor(name="scores", shape=(1, NUM_CLASSES)),),
    ),
    metric=Metric(name="accuracy", unit="%"),
    baseline=("chance", 33.3),
    source="",
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=labels_key(NUM_CLASSES),
    program=Program(name="classify", example=("picture.npy",)),
    loss="sparse_categorical_crossentropy",
    fine_tuning=FineTuning(epochs={"tiny": 5, "full": 5}, batch_size=32, learning_rate=2e-3),
)


@cache
def trained() -> Any:
    keras.utils.set_random_seed(0)
    return train(build("tiny"), "tiny", silent)


@cache
def optimized(name: str) -> tuple[Any, list[tuple[float, str]]]:
    """Return the result of an optimization and what it told of its progress."""
    told: list[tuple[float, str]] = []
    changed = apply(name, lambda *said: told.append(said))
    return changed, told


def apply(name: str, progress: Progress = silent, **options: float) -> Any:
    optimization = registry.get("optimizations", name)
    options = {**optimization.options, **options}
    return optimization.apply(trained(), recipe, "tiny", 1, progress, **options)


def accuracy(model: Any) -> float:
    return score(
        lambda inputs: {"scores": np.asarray(model(inputs["image"]))}, data("test", "tiny")
    )


def kernels(model: Any) -> dict[str, Array]:
    """Return `layer/kernel` -> kernel, without the depthwise one that is left alone."""
    named = {"/".join(w.path.split("/")[-2:]): np.asarray(w) for w in model.weights}
    return {k: w for k, w in named.items() if k.endswith("kernel") and "depthwise" not in k}


@pytest.mark.parametrize("name", NAMES)
def test_an_optimized_model_still_knows_its_task_and_the_original_is_unchanged(name: str) -> None:
    before = [w.copy() for w in trained().get_weights()]
    model, told = optimized(name)
    assert accuracy(trained()) > 90
    assert accuracy(model) > accuracy(trained()) - 5
    assert all(np.array_equal(a, b) for a, b in zip(before, trained().get_weights(), strict=True))
    assert model.output_names == ["scores"]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_pruned_kernels_are_three_quarters_zeros_and_nothing_else_is() -> None:
    model, told = optimized("pruned")
    assert len(kernels(model)) == 5
    for path, kernel in kernels(model).items():
        assert np.mean(kernel == 0) == pytest.approx(0.75, abs=1 / kernel.size), path
    assert all(np.all(np.asarray(w) != 0) for w in model.weights if "depthwise" in w.path)
    assert told[0][1] == "pruning 5 layers, 100 % of the weights in kernels"


def test_batch_statistics_are_trained_on() -> None:
    model, _ = optimized("pruned")
    for new, old in zip(model.weights, trained().weights, strict=True):
        if "moving" in new.path:
            assert not np.array_equal(new, old)
            assert np.allclose(new, old, rtol=1, atol=1)


def test_any_other_sparsity_can_be_asked_for() -> None:
    half = apply("pruned", sparsity=0.5)
    assert np.mean(kernels(half)["first/kernel"] == 0) == pytest.approx(0.5, abs=0.01)


def test_blocks_of_four_weights_along_the_input_axis_are_zero_together() -> None:
    for path, kernel in kernels(apply("pruned", block=4)).items():
        along_inputs = np.moveaxis(kernel, -2, -1)
        groups = along_inputs.reshape(-1, along_inputs.shape[-1] // 4, 4) == 0
        assert np.array_equal(np.any(groups, axis=-1), np.all(groups, axis=-1)), path
        assert np.mean(kernel == 0) == pytest.approx(0.75, abs=4 / kernel.size), path


@pytest.mark.slow
def test_a_block_is_shorter_where_an_axis_ends() -> None:
    for path, kernel in kernels(apply("pruned", block=3)).items():
        starts = range(0, kernel.shape[-2], 3)
        zeros = [kernel[..., k : k + 3, :] == 0 for k in starts]
        assert all(np.array_equal(z.any(-2), z.all(-2)) for z in zeros), path


@pytest.mark.parametrize("wrong", [0, -4, 2.5])
def test_a_block_of_no_weights_is_refused(wrong: float) -> None:
    with pytest.raises(BadInput, match=rf"^Blocks of {wrong:g} weights.*whole number from 1 on"):
        apply("pruned", block=wrong)


def test_two_of_four_weights_along_the_input_axis_are_zero() -> None:
    model, _ = optimized("pruned_2_4")
    for path, kernel in kernels(model).items():
        along_inputs = np.moveaxis(kernel, -2, -1)
        groups = along_inputs.reshape(-1, along_inputs.shape[-1] // 4, 4)
        assert np.all(np.sum(groups == 0, axis=-1) == 2), path


def test_clustered_kernels_hold_sixteen_values() -> None:
    model, _ = optimized("clustered")
    for path, kernel in kernels(model).items():
        assert len(np.unique(kernel)) <= 16 < len(np.unique(kernels(trained())[path])), path


def test_any_other_number_of_clusters_can_be_asked_for() -> None:
    for path, kernel in kernels(apply("clustered", clusters=5)).items():
        assert len(np.unique(kernel)) <= 5, path


@pytest.mark.parametrize("wrong", [1, 0, -3, 2.5])
def test_a_number_of_clusters_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(BadInput, match=rf"^{wrong:g} clusters.*a whole number, 2 or more"):
        apply("clustered", clusters=wrong)


def test_more_clusters_than_any_kernel_has_weights_are_refused() -> None:
    with pytest.raises(BadInput, match=r"^100000 clusters.*no layer of model .*ask for fewer"):
        apply("clustered", clusters=100_000)


def test_quantization_aware_training_rounds_what_it_can() -> None:
    model, told = optimized("qat")
    kinds = {layer.name: type(layer).__name__ for layer in model.layers}
    for name in ("first_linear", "apart_depthwise", "apart", "short", "deep", "scores"):
        assert kinds[name] == "QuantizeWrapperV2"
    # The first normalization follows an activation: it is rounded, though folded into nothing.
    norms = [layer for layer in model.layers if layer.name.startswith("batch_normalization")]
    assert {type(layer).__name__ for layer in norms} == {"QuantizeWrapperV2"}
    assert told[0][1] == "in float while training: nothing"


def test_the_same_seed_gives_the_same_weights() -> None:
    again = apply("pruned")
    for one, other in zip(again.get_weights(), optimized("pruned")[0].get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-5)


@pytest.mark.filterwarnings("ignore")  # Keras warns of itself when it saves
@pytest.mark.parametrize("name", NAMES)
def test_an_optimized_model_converts_to_int8_and_agrees(name: str, tmp_path: Path) -> None:
    from edgekit.converters.tflite import converter
    from edgekit.source_model.export import export

    model, _ = optimized(name)
    source = tmp_path / "model.keras"
    if isinstance(model, keras.Model):
        model.save(source)
    else:
        source = tmp_path / "saved_model"
        export(model, source, recipe.signature)
    np.savez(tmp_path / "calibration.npz", image=data("calibration", "tiny").inputs["image"])
    out = tmp_path / "model.tflite"
    converter.convert(source, out, precision="int8", calibration=tmp_path / "calibration.npz")
    assert_agrees(out, model)


def assert_agrees(path: Path, model: Any) -> None:
    """Run the file on LiteRT and compare the classes it names."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(path)).get_signature_runner()
    (port,), (out,) = run.get_input_details().values(), run.get_output_details().values()
    scale, zero = port["quantization"]
    assert port["dtype"] is out["dtype"] is np.int8
    images = data("test", "tiny").inputs["image"]
    steps = np.clip(np.round(images / scale + zero), -128, 127).astype("int8")
    answers = np.concatenate([run(image=image[None])["scores"] for image in steps])
    assert np.mean(answers.argmax(-1) == np.asarray(model(images)).argmax(-1)) > 0.95
