"""Any stack of recurrent layers converts in float and in int8, and agrees with Keras."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.core.variant import Precision
from tests.support.recurrent import FUSED, converted, largest_error, operators

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

STEPS = 4
LIMITS: dict[Precision, float] = {"float32": 1e-5, "int8": 0.15}
"""The error of int8 grows from layer to layer, and most in a SimpleRNN of random weights, which
forgets nothing."""


def recurrent(kind: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    options = {"units": st.integers(2, 5), "use_bias": st.booleans()}
    if kind == "GRU":
        options["reset_after"] = st.booleans()
    return st.tuples(st.just(kind), st.fixed_dictionaries(options))


KINDS = st.one_of(
    recurrent("LSTM"),
    recurrent("GRU"),
    recurrent("SimpleRNN"),
    st.tuples(st.just("Conv1D"), st.fixed_dictionaries({"filters": st.integers(2, 4)})),
    st.tuples(st.just("Dense"), st.fixed_dictionaries({"units": st.integers(2, 4)})),
)
STACKS = st.tuples(
    st.sampled_from(["floats", "embedding", "masked embedding", "masking"]),
    st.lists(st.tuples(KINDS, st.booleans()), min_size=1, max_size=3),
)


def build(start: str, stack: list[tuple[tuple[str, dict[str, Any]], bool]]) -> Any:
    """Return the model; the flag of a layer makes it bidirectional, the last one a summary."""
    import keras
    from keras import layers

    from tests.support import strangers

    keras.utils.set_random_seed(0)
    made: list[Any] = []
    if "embedding" in start:
        made.append(layers.Embedding(4, 3, mask_zero="masked" in start))
    elif start == "masking":
        made.append(layers.Masking(mask_value=9.0))
    for number, ((kind, options), flag) in enumerate(stack):
        if kind in ("Conv1D", "Dense"):
            extra = {"kernel_size": 2, "padding": "same"} if kind == "Conv1D" else {}
            made.append(getattr(layers, kind)(**options, **extra, activation="relu"))
            continue
        last = number == len(stack) - 1
        layer = getattr(layers, kind)(**options, return_sequences=not last)
        made.append(layers.Bidirectional(layer) if flag else layer)
    shape = (STEPS,) if "embedding" in start else (STEPS, 3)
    return strangers.chain(
        shape, *made, layers.Dense(2), dtype="int32" if "embedding" in start else "float32"
    )


def check(stack: tuple[str, list[Any]], runtime: str = "litert") -> None:
    import keras

    keras.backend.clear_session()
    model = build(*stack)
    for precision, limit in LIMITS.items():
        with tempfile.TemporaryDirectory() as folder:
            file, notes = converted(model, Path(folder), precision)
            found = operators(file)
            assert not any(name.startswith("CUSTOM") for name in found)
            assert ("fused" in notes.replace("not fused", "")) == (found[FUSED] > 0)
            assert largest_error(file, Path(folder) / "m.keras", runtime) < limit


EASY = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=3, **EASY)  # type: ignore[arg-type]
@given(STACKS)
def test_a_stack_converts_and_agrees_with_keras(stack: Any) -> None:
    check(stack)


@pytest.mark.slow
@settings(max_examples=8, **EASY)  # type: ignore[arg-type]
@given(STACKS)
def test_many_stacks_convert_and_agree_with_keras(stack: Any) -> None:
    check(stack)


@pytest.mark.device
@settings(max_examples=5, **EASY)  # type: ignore[arg-type]
@given(STACKS)
def test_a_stack_agrees_with_keras_on_tflite_runtime(stack: Any) -> None:
    check(stack, "tflite-runtime")
