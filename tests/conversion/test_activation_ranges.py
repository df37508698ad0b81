"""Activations of an int8 file get the range they have, and none that nobody can tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.writing import write
from edgekit.tflite.reader import Operator, Subgraph, read
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def converted(model: Any, folder: Path) -> Subgraph:
    source = strangers.saved(model, folder / "m.keras")
    out = folder / "m.tflite"
    write(source, out, "int8", source.with_suffix(".npz"))
    return read(out).subgraphs[0]


def the_only(graph: Subgraph, name: str) -> Operator:
    (found,) = [op for op in graph.operators if op.name == name]
    return found


def width(graph: Subgraph, tensor: int) -> float:
    """Return how far the values reach that a tensor can hold."""
    (scale,) = graph.tensors[tensor].scales
    return 255 * scale


def residual(*, branch_first: bool) -> Any:
    """A stream from -40 to 40 or so, and a branch that adds at most 1 to it."""
    import keras
    from keras import layers

    given = keras.Input((6, 8), name="given")
    stream = layers.Rescaling(10.0)(given)
    branch = layers.Dense(8, activation="tanh", name="branch")(stream)
    branch = layers.Dense(8, kernel_initializer="identity")(branch)
    both = [branch, stream] if branch_first else [stream, branch]
    return keras.Model(given, layers.Dense(3)(layers.Add()(both)))


@pytest.mark.parametrize("branch_first", [True, False])
def test_what_is_added_does_not_get_the_range_of_the_sum(
    tmp_path: Path, branch_first: bool
) -> None:
    graph = converted(residual(branch_first=branch_first), tmp_path)
    added = the_only(graph, "ADD")
    branch, stream = sorted(width(graph, k) for k in added.inputs)
    assert branch < 2.1
    assert width(graph, added.outputs[0]) > stream - 2 > 40


@pytest.mark.parametrize(("kind", "widest"), [("tanh", 6.24), ("sigmoid", 12.47)])
def test_what_only_saturates_is_resolved_where_it_does_not(
    tmp_path: Path, kind: str, widest: float
) -> None:
    import keras
    from keras import layers

    given = keras.Input((8,), name="given")
    steep = layers.Dense(8, kernel_initializer=keras.initializers.Identity(30.0))(given)
    model = keras.Model(given, layers.Activation(kind)(steep))
    graph = converted(model, tmp_path)
    saturating = the_only(graph, {"tanh": "TANH", "sigmoid": "LOGISTIC"}[kind])
    assert width(graph, saturating.inputs[0]) == pytest.approx(widest, abs=0.1)


def test_what_is_also_read_otherwise_keeps_its_range(tmp_path: Path) -> None:
    import keras
    from keras import layers

    given = keras.Input((8,), name="given")
    steep = layers.Dense(8, kernel_initializer=keras.initializers.Identity(30.0))(given)
    model = keras.Model(given, layers.Activation("tanh")(steep) + steep)
    graph = converted(model, tmp_path)
    assert width(graph, the_only(graph, "TANH").inputs[0]) > 40


@pytest.mark.parametrize(("kind", "widest"), [("relu", 31.0), ("hard_tanh", 4.0)])
def test_what_a_cut_sum_cannot_show_is_not_resolved(
    tmp_path: Path, kind: str, widest: float
) -> None:
    """A stream of -1 to 1, and a branch of -30 to 30: below -1, ReLU shows nothing of it."""
    import keras
    from keras import layers

    given = keras.Input((6, 8), name="given")
    stream = layers.Activation("hard_tanh")(layers.Dense(8, kernel_initializer="identity")(given))
    branch = layers.Dense(8, kernel_initializer=keras.initializers.Identity(30.0))(stream)
    graph = converted(keras.Model(given, layers.Activation(kind)(stream + branch)), tmp_path)
    added = max(width(graph, k) for k in the_only(graph, "ADD").inputs)
    assert added == pytest.approx(widest, abs=0.1)


@pytest.mark.parametrize(
    ("factor", "least", "most"),
    [(0.1, 19.9, 20.1), (-0.1, 19.9, 20.1), (np.full(8, 0.1, np.float32), 40.0, np.inf)],
)
def test_what_a_cut_multiple_cannot_show_is_not_resolved(
    tmp_path: Path, factor: Any, least: float, most: float
) -> None:
    """Values of -60 to 60 or so; a file holds eight factors that do not have to be equal."""
    import keras
    from keras import layers

    given = keras.Input((8,), name="given")
    large = layers.Dense(8, kernel_initializer=keras.initializers.Identity(30.0))(given) + given
    model = keras.Model(given, layers.Activation("hard_tanh")(large * factor))
    graph = converted(model, tmp_path)
    multiplied = the_only(graph, "MUL")
    assert least < max(width(graph, k) for k in multiplied.inputs) < most
    assert width(graph, multiplied.outputs[0]) == pytest.approx(2.0, abs=0.01)


def test_zeros_have_a_range(tmp_path: Path) -> None:
    import keras
    from keras import layers

    given = keras.Input((8,), name="given")
    nothing = layers.Dense(8, kernel_initializer="zeros")(given)
    graph = converted(keras.Model(given, layers.Activation("tanh")(nothing)), tmp_path)
    assert np.isfinite(width(graph, the_only(graph, "TANH").inputs[0]))
