"""What is said to be rounded in training is rounded, and is whole numbers in the file too."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.bridge.carry import to_keras, to_tf_keras
from edgekit.bridge.own.registering import REGISTERED, register_qat
from edgekit.bridge.qat import configs, quantizing
from edgekit.bridge.qat.quantizing import quantized
from edgekit.bridge.qat.ranges import begin_with_ranges_of
from edgekit.bridge.qat.rewriting import rewritten
from edgekit.core import registry
from edgekit.core.errors import UnsupportedLayer
from edgekit.running.limits import LIMITS
from edgekit.running.session import open_session
from edgekit.tflite.reader import read
from tests.support.qat_kinds import (
    IN_FLOAT,
    ROUNDED,
    examples,
    image,
    int8_file,
    keras,
    moved,
    steps,
)
from tests.support.qat_kinds import trained as train

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow warns of its own calibrator

RUNTIME = "tflite-runtime"
needs_runtime = pytest.mark.skipif(
    bool(registry.get("runtimes", RUNTIME).missing()), reason="needs `edgekit setup`"
)


def float_operators(path: Path) -> list[str]:
    """Return the operators of a file that give floats, or turn them into whole numbers."""
    graph = read(path).subgraphs[0]
    return [
        operator.name
        for operator in graph.operators
        if "float32"
        in {graph.tensors[k].dtype for k in (*operator.inputs, *operator.outputs) if k >= 0}
    ]


def assert_agrees(path: Path, model: Any, x: Any) -> None:
    with open_session(path, runtime=RUNTIME) as run:
        (answers,) = run({"x": x}).values()
    expected = np.asarray(model(x))
    error = np.sqrt(np.mean((answers.reshape(expected.shape) - expected) ** 2))
    assert error <= LIMITS["int8"].error * expected.std()


def scales(path: Path) -> list[float]:
    return [s for tensor in read(path).subgraphs[0].tensors for s in tensor.scales]


def trained_scales(model: Any) -> list[float]:
    """Return the steps of all outputs that training learned the ranges of."""
    found = []
    for low, high in pairwise(model.weights):
        if low.name.endswith(("output_min:0", "post_activation_min:0")):
            found.append(float(high - low) / 255)
    return found


@needs_runtime
@pytest.mark.slow
@pytest.mark.parametrize("name", ROUNDED)
def test_what_is_rounded_in_training_is_int8_in_the_file_and_agrees(
    name: str, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    source = moved(ROUNDED[name][0]())
    model = train(source)
    path = int8_file(model, source, tmp_path)
    assert float_operators(path) == []
    assert_agrees(path, model, examples(source, 9))
    learned, stored = trained_scales(model), scales(path)
    assert learned
    taken = [any(abs(one / other - 1) < 0.01 for other in stored) for one in learned]
    # The rest is fused, or has the range of its neighbour, such as what is concatenated.
    assert np.mean(taken) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_FLOAT)
def test_what_trains_in_float_is_in_the_file_as_is_said(name: str, tmp_path: Path) -> None:
    make, _, is_int8 = IN_FLOAT[name]
    keras.utils.set_random_seed(0)
    source = moved(make())
    path = int8_file(train(source), source, tmp_path)
    assert (float_operators(path) == []) is is_int8


class Mixing(keras.Layer):  # type: ignore[misc]  # Keras has no types
    """A layer of a user's own: a weight, layers inside, an activation, statistics."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.activation = units, keras.activations.relu
        self.dense, self.norm = keras.layers.Dense(units), keras.layers.BatchNormalization()

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.dense.build(shape)
        self.norm.build((*shape[:-1], self.units))

    def call(self, x: Any, training: bool = False) -> Any:
        return self.norm(self.activation(x @ self.kernel) + self.dense(x), training=training)

    def get_config(self) -> Any:
        return {**super().get_config(), "units": self.units}


@pytest.fixture
def registered() -> Any:
    yield register_qat
    REGISTERED.clear()


def rounding(model: Any) -> Any:
    twin = to_tf_keras(rewritten(model).model)
    return quantized(type(twin)(twin.inputs, twin.outputs))[0]


@needs_runtime
@pytest.mark.slow
def test_a_layer_of_ones_own_is_rounded_as_it_was_registered(
    registered: Any, tmp_path: Path
) -> None:
    registered(Mixing, weights=["kernel", "dense.kernel"], activations=["activation"])
    keras.utils.set_random_seed(0)
    source = moved(steps(Mixing(8, name="it")))
    model = train(source)
    wrapper = model.get_layer("it")
    assert [var.name.split("/")[-1] for var, _, _ in wrapper._weight_vars] == ["kernel:0"] * 2
    before = np.asarray(source.get_layer("it").norm.moving_mean)
    after = [w for w in model.weights if w.name.endswith("moving_mean:0")]
    assert not np.array_equal(before, after[0].numpy())
    path = int8_file(model, source, tmp_path)
    assert float_operators(path) == []
    assert_agrees(path, model, examples(source, 9))


def test_a_layer_of_ones_own_is_carried_there_and_back(registered: Any) -> None:
    registered(Mixing)
    model = moved(steps(Mixing(8, name="it")))
    back = to_keras(to_tf_keras(model), like=model)
    for one, other in zip(model.get_weights(), back.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_training_begins_with_the_ranges_of_the_data() -> None:
    """tfmot 0.8.1 begins with -6 to 6, and would cut what is larger."""
    source = image(keras.layers.BatchNormalization(name="it"))
    twin = to_tf_keras(rewritten(source).model)
    model = quantized(type(twin)(twin.inputs, twin.outputs))[0]
    x, before = 10 * examples(source, 0), [w.numpy() for w in twin.weights]
    begin_with_ranges_of(model, {"x": x})
    expected = np.asarray(source(x[:32]))
    assert np.abs(model(x[:32]) - expected).max() < 0.1 * np.abs(expected).max()
    assert all(any(np.array_equal(b, w) for w in model.get_weights()) for b in before)


def test_a_kernel_before_a_relu_layer_is_rounded() -> None:
    """tfmot 0.8.1 alone forgets it."""
    conv, relu = keras.layers.Conv2D(4, 3, name="it"), keras.layers.ReLU()
    wrapper = rounding(image(lambda x: relu(conv(x)))).get_layer("it")
    assert [var.name for var, _, _ in wrapper._weight_vars] == ["it/kernel:0"]
    assert wrapper._quantize_activations == []


def test_attributes_that_a_layer_does_not_have_are_named(registered: Any) -> None:
    registered(Mixing, weights=["weight"])
    with pytest.raises(UnsupportedLayer, match=r"'it' \(Mixing\).*\['weight'\].*are .*kernel"):
        rounding(steps(Mixing(8, name="it")))


def test_a_model_with_nothing_to_round_is_refused_with_the_reason() -> None:
    x = keras.Input((6, 8))
    with pytest.raises(UnsupportedLayer, match=r"^Model .* has no layer .*'it'.*loop.*int8"):
        rounding(keras.Model(x, keras.layers.LSTM(3, name="it")(x)))


def test_a_layer_that_tfmot_fails_on_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = configs.config_of
    broken = keras.layers.PReLU(shared_axes=[1, 2], name="it")
    monkeypatch.setattr(
        quantizing, "config_of", lambda rounds: real(type(rounds)(weights=("nothing",)))
    )
    with pytest.raises(UnsupportedLayer, match=r"^Layer 'it' \(PReLU\) cannot be .*nothing.*int8"):
        rounding(image(broken))
