"""What the source model answers: the reference that every converted file is compared with.

The model runs in a child process, so that the caller never loads TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from edgekit.core.child_process import Child, ChildDied
from edgekit.core.errors import BadData, BadInput
from edgekit.core.paths import atomic
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.types import Array, Batch, Run
from edgekit.source_model.calibration import check_examples

P = ParamSpec("P")
T = TypeVar("T")

BATCH_SIZE = 64
"""Examples run at once where the model's batch is free."""

TIMEOUT_S = 3600.0

CHILD_ENV: Mapping[str, str] = {
    "KERAS_BACKEND": "tensorflow",  # a user's choice of JAX or PyTorch cannot be converted
    "CUDA_VISIBLE_DEVICES": "-1",  # the reference is the same on every machine
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""Environment of every child process that runs Keras."""


def reference_outputs(model: Path, inputs: Batch, *, out: Path) -> Batch:
    """Run a model file on examples and return its outputs.

    Args:
        model: `.keras`, `.h5` or SavedModel folder, as `load_model` takes.
        inputs: Input name -> array, batch axis first; the same number of examples each.
        out: Where to write `vectors.npz`: arrays `input:<name>` and `output:<name>`. It appears
            only when complete.

    Returns:
        Output name -> array, batch axis first.

    Raises:
        NotFound, BadInput: The model or the inputs cannot be used.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic(out) as vectors:
        request = vectors.with_name("request.npz")
        with request.open("wb") as stream:
            np.savez(stream, **{f"input:{name}": array for name, array in inputs.items()})  # type: ignore[arg-type]
        _in_child(run, model, inputs=request, out=vectors)
        with np.load(vectors, allow_pickle=False) as found:
            return _named(found, "output:")


def read_signature(model: Path) -> tuple[Signature, int | None]:
    """Return a model file's signature, and the limit of its integer inputs.

    Returns:
        The signature with batch 1; and the smallest number of rows of its Embedding or
        CategoryEncoding layers, which integer inputs must stay below, or None if it has none.

    Raises:
        NotFound, BadInput: The model cannot be used.
    """
    return _in_child(facts, model)


def random_inputs(
    signature: Signature, count: int, seed: int, *, integer_limit: int | None = None
) -> Batch:
    """Return random examples for a model when there is nothing better.

    They find wiring errors and crashes. They say little of accuracy: a network's answer to noise
    is often nearly constant, and quantization ranges taken from noise are wrong.

    Args:
        signature: Of the model.
        count: How many examples.
        seed: Same seed, same examples.
        integer_limit: Integers stay below it, see `read_signature`. Without it they are 0 or 1,
            which every Embedding takes.

    Returns:
        Floats from the standard normal distribution; bytes over their whole range, as in images;
        other integers in `0..integer_limit - 1`.
    """
    random = np.random.default_rng(seed)
    return {
        tensor.name: _random(random, tensor, count, integer_limit or 2)
        for tensor in signature.inputs
    }


def run(model: Path, inputs: Path, out: Path) -> None:
    """In the child: run `model` on the `input:<name>` arrays of `inputs`, write vectors to `out`.

    Raises:
        NotFound, BadInput: The model or the inputs cannot be used.
    """
    from edgekit.source_model.export import signature_of
    from edgekit.source_model.loading import load_model

    loaded = load_model(model)
    signature = signature_of(loaded)
    with np.load(inputs, allow_pickle=False) as found:
        batch = check_examples(_named(found, "input:"), signature, what=f"The input for '{model}'")
    answer = run_model(loaded, batch)
    vectors = {f"input:{name}": array for name, array in batch.items()}
    vectors |= {f"output:{name}": array for name, array in answer.items()}
    with out.open("wb") as stream:
        np.savez(stream, **vectors)  # type: ignore[arg-type]


def facts(model: Path) -> tuple[Signature, int | None]:
    """In the child: what `read_signature` returns."""
    from edgekit.source_model.export import signature_of
    from edgekit.source_model.interface import nested_layers
    from edgekit.source_model.loading import load_model

    loaded = load_model(model)
    limits = [limit for layer in nested_layers(loaded) if (limit := _integer_limit(layer))]
    return signature_of(loaded), min(limits, default=None)


def run_model(model: Any, batch: Batch) -> Batch:
    """Run a loaded model on examples: many at once if its batch is free, else one by one.

    Args:
        model: What `edgekit.source_model.loading.load_model` returns.
        batch: Checked examples, by input name, in the model's order.
    """
    return runner(model)(batch)


def runner(model: Any) -> Run:
    """Return a loaded model as a function of examples, traced once for all calls."""
    import tensorflow as tf

    from edgekit.source_model.interface import interface_of

    interface = interface_of(model)
    step = BATCH_SIZE if interface.has_free_batch else 1
    function = tf.function(interface.call, reduce_retracing=True)

    def run(batch: Batch) -> Batch:
        columns = [batch[port.name] for port in interface.inputs]
        answers = []
        for start in range(0, len(columns[0]), step):
            tensors = [tf.constant(column[start : start + step]) for column in columns]
            answers.append({name: value.numpy() for name, value in function(tensors).items()})
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    return run


def _in_child(
    function: Callable[Concatenate[Path, P], T], model: Path, *args: P.args, **kwargs: P.kwargs
) -> T:
    try:
        return Child(timeout_s=TIMEOUT_S, env=CHILD_ENV).call(function, model, *args, **kwargs)
    except ChildDied as error:
        raise BadInput(
            f"'{model}' cannot be run by Keras here: the process ended with {error.cause}. "
            f"{error} Try model.predict on one example."
        ) from error


def _named(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    found = {n.removeprefix(prefix): arrays[n] for n in arrays if n.startswith(prefix)}
    if not found:
        raise BadData(f"The file holds no array named '{prefix}<name>'; write one with np.savez.")
    return found


def _random(random: np.random.Generator, tensor: Tensor, count: int, limit: int) -> Array:
    shape, dtype = (count, *tensor.shape[1:]), np.dtype(tensor.dtype)
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.itemsize == 1:
        kind = np.iinfo(tensor.dtype)
        return random.integers(kind.min, kind.max, shape, dtype, endpoint=True)
    return random.integers(0, limit, shape).astype(dtype)


def _integer_limit(layer: Any) -> int | None:
    kind = type(layer).__name__
    found = {"Embedding": "input_dim", "CategoryEncoding": "num_tokens"}.get(kind)
    return getattr(layer, found) if found else None
