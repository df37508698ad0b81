"""int8 goes into loops: products inside WHILE are int8, and no less right than unrolled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.ranges.loop_values import LoopRunner
from edgekit.conversion.writing import write
from edgekit.core import registry
from edgekit.core.types import Array
from edgekit.intake.options import Options
from edgekit.running.session import open_session
from edgekit.source_model.recurrent import FORMS
from edgekit.tflite.editing import bodies_of, unpack
from edgekit.tflite.reader import Model, read
from tests.support import strangers
from tests.support.recurrent import FUSED, converted, largest_error, operators

STEPS = 24

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def products_inside(model: Model) -> set[str]:
    """Return the types of what the products of all loops read, weights included."""
    return {
        graph.tensors[k].dtype
        for graph in model.subgraphs[1:]
        for op in graph.operators
        if op.name == "FULLY_CONNECTED"
        for k in op.inputs[:2]
    }


def test_an_int8_gru_is_a_loop_of_a_fraction_of_the_bytes(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((24, 4), layers.GRU(32), layers.Dense(3))
    file, _ = converted(model, tmp_path, "int8")
    assert operators(file)["WHILE"] == 1
    assert products_inside(read(file)) == {"int8"}
    plain, _ = converted(model, tmp_path, "float32")
    assert file.stat().st_size <= 0.6 * plain.stat().st_size
    for runtime in ("litert", "tflite-runtime"):
        if not registry.get("runtimes", runtime).missing():
            assert largest_error(file, tmp_path / "m.keras", runtime) < 0.03


def test_where_nothing_fades_products_have_16_bits(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((24, 4), layers.SimpleRNN(8), layers.Dense(3))
    file, _ = converted(model, tmp_path, "int8")
    assert products_inside(read(file)) == {"int16", "int8"}  # states, weights
    for runtime in ("litert", "tflite-runtime"):
        if not registry.get("runtimes", runtime).missing():
            assert largest_error(file, tmp_path / "m.keras", runtime) < 0.1


def test_integers_go_in_and_out_of_a_loop(tmp_path: Path) -> None:
    """The last layer's output is a result of the WHILE itself; a fused LSTM stands before it."""
    from keras import layers

    model = strangers.chain((6, 4), layers.LSTM(5, return_sequences=True), layers.GRU(3))
    file, _ = converted(model, tmp_path, "int8", io="int8")
    found, graph = operators(file), read(file).main
    assert (found["WHILE"], found[FUSED]) == (1, 1)
    assert {graph.tensors[k].dtype for k in (*graph.inputs, *graph.outputs)} == {"int8"}
    assert largest_error(file, tmp_path / "m.keras") < 0.05


def test_a_layer_kept_in_float_is_so_inside_its_loop(tmp_path: Path) -> None:
    from keras import layers

    one = layers.GRU(4, return_sequences=True, name="one")
    source = tmp_path / "m.keras"
    strangers.saved(strangers.chain((6, 4), one, layers.GRU(3, name="two")), source)
    out, options = tmp_path / "m.tflite", Options(io="float", keep_float=("one",))
    write(source, out, "int8", source.with_suffix(".npz"), options)
    assert products_inside(read(out)) == {"int8", "float32"}


def test_values_that_grow_from_turn_to_turn_are_measured(tmp_path: Path) -> None:
    import tensorflow as tf

    class Grower(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
        @tf.function(input_signature=[tf.TensorSpec((1, 2), name="x")])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> dict[str, Any]:
            free = tf.TensorShape(()), tf.TensorShape((None, 2))
            _, rows = tf.while_loop(
                lambda k, _: k < 3, lambda k, y: (k + 1, tf.concat([y, x], 0)), (0, x), free
            )
            return {"y": tf.reduce_sum(rows, 0)}

    grower = Grower()
    tf.saved_model.save(grower, str(tmp_path), signatures=grower.__call__)
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert()
    turns = LoopRunner(content).run({"x": np.ones((1, 2), np.float32)})
    (body,) = bodies_of(unpack(content))
    shapes = [[each.shape for each in held] for (graph, _), held in turns.items() if graph == body]
    assert [(2, 2), (3, 2), (4, 2)] in shapes


def given_a_state() -> Any:
    import keras
    from keras import layers

    start = keras.Input((STEPS, 4), name="x")
    state = layers.Dense(16, activation="tanh")(start[:, 0])
    steps = layers.GRU(16, return_sequences=True)(start, initial_state=state)
    return keras.Model(start, layers.Dense(4)(steps))


def built(kind: str) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    if kind == "given a state":
        return given_a_state()
    gru, rnn = layers.GRU, layers.SimpleRNN
    before = {
        "GRU": lambda: [gru(32)],
        "GRU, reset before": lambda: [gru(8, reset_after=False)],
        "SimpleRNN": lambda: [rnn(64)],
        "sequences": lambda: [gru(32, return_sequences=True)],
        "stack": lambda: [gru(16, return_sequences=True), rnn(16)],
        "both ways": lambda: [layers.Bidirectional(gru(16))],
        "backwards": lambda: [gru(16, go_backwards=True)],
        "cells": lambda: [layers.RNN([layers.GRUCell(8), layers.LSTMCell(8)])],
    }
    return strangers.chain((STEPS, 4), *before[kind](), layers.Dense(4))


def mean_error(file: Path, runtime: str, batch: dict[str, Array], wanted: Array) -> float:
    with open_session(file, runtime=runtime) as session:
        (found,) = session(batch).values()
    return float(np.sqrt(np.mean((found - wanted) ** 2)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "GRU",
        "GRU, reset before",
        "SimpleRNN",
        "sequences",
        "stack",
        "both ways",
        "backwards",
        "cells",
        "given a state",
    ],
)
def test_a_loop_is_no_less_right_than_its_steps(tmp_path: Path, kind: str) -> None:
    model, random = built(kind), np.random.default_rng(5)
    model.save(tmp_path / "m.keras")
    (name,) = (tensor.name for tensor in model.inputs)
    seen, held_out = (
        random.uniform(-1, 1, (count, STEPS, 4)).astype(np.float32) for count in (100, 400)
    )
    np.savez(tmp_path / "m.npz", **{name: seen})  # type: ignore[arg-type]
    for form in FORMS:
        options = Options(io="float", recurrent=form)
        write(tmp_path / "m.keras", tmp_path / form, "int8", tmp_path / "m.npz", options)
    wanted = model.predict(held_out, verbose=0)
    for runtime in ("litert", "tflite-runtime"):
        if not registry.get("runtimes", runtime).missing():
            loop, steps = (
                mean_error(tmp_path / form, runtime, {name: held_out}, wanted) for form in FORMS
            )
            assert loop <= steps
