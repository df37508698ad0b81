"""What the source model answers: the reference that every converted file is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit.core.child_process import ChildDied
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.types import Array, Batch, Run
from edgekit.source_model.calibration import load_calibration
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import write_arrays
from edgekit.source_model.interface import KerasLayer, SourceModel, interface_of, nested_layers

BATCH_SIZE = 64
"""Examples run at once where the model's batch is free."""

NUM_EXAMPLES = 64
"""Inputs on which a converted file is compared with its source."""

CHILD_ENV: Mapping[str, str] = {
    "KERAS_BACKEND": "tensorflow",  # a user's choice of JAX or PyTorch cannot be converted
    "CUDA_VISIBLE_DEVICES": "-1",  # the reference is the same on every machine
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""Environment of every child process that runs Keras."""


def write_reference(model: SourceModel, out: Path, *, calibration: Path | None) -> None:
    """Run a loaded model on examples and write golden vectors.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned, unchanged since.
        out: The `.npz` to write; see `edgekit.source_model.golden_vectors`.
        calibration: Its first `NUM_EXAMPLES` examples are the inputs; random ones if None.

    Raises:
        NotFound, BadData: The calibration data cannot be used.
        BadInput: The model has no fixed signature; see `signature_of`.
    """
    signature = signature_of(model)
    if calibration:
        examples = load_calibration(calibration, signature)
        inputs: Batch = {name: array[:NUM_EXAMPLES] for name, array in examples.items()}
    else:
        limit = integer_limit(model)
        inputs = random_inputs(signature, NUM_EXAMPLES, seed=0, integer_limit=limit)
    write_arrays(out, inputs, run_model(model, inputs))


def cannot_run(model: Path, death: ChildDied) -> BadInput:
    """Return the error for a model file whose process ended while Keras ran the model."""
    return BadInput(
        f"'{model}' cannot be run by Keras here: the process ended with {death.cause}. "
        f"{death} Try model.predict on one example."
    )


def integer_limit(model: SourceModel) -> int | None:
    """Return the limit that a model's integer inputs must stay below, or None if it sets none.

    That is the smallest number of rows of its Embedding and CategoryEncoding layers.
    """
    limits = [limit for layer in nested_layers(model) if (limit := _num_rows(layer))]
    return min(limits, default=None)


def random_inputs(
    signature: Signature, count: int, seed: int, *, integer_limit: int | None = None
) -> Batch:
    """Return random examples for a model when there is nothing better.

    They reveal wiring errors and crashes. They say little about accuracy: a network's answer to
    noise is often nearly constant, and quantization ranges taken from noise are wrong.

    Args:
        signature: Of the model.
        count: How many examples.
        seed: Same seed, same examples.
        integer_limit: Integers stay below it; see the function of that name. Without it they are 0
            or 1, which every Embedding takes.

    Returns:
        Floats from the standard normal distribution; bytes over their whole range, as in images;
        other integers in `0..integer_limit - 1`.
    """
    random = np.random.default_rng(seed)
    return {
        tensor.name: _random(random, tensor, count, integer_limit or 2)
        for tensor in signature.inputs
    }


def run_model(model: SourceModel, batch: Batch) -> Batch:
    """Run a loaded model on examples: many at once if its batch is free, else one by one.

    Args:
        model: What `edgekit.source_model.loading.load_model` returns.
        batch: Checked examples, by input name, in the model's order.
    """
    return runner(model)(batch)


def runner(model: SourceModel) -> Run:
    """Return a loaded model as a function of examples, traced once for all calls."""
    import tensorflow as tf

    interface = interface_of(model)
    step = BATCH_SIZE if interface.has_free_batch else 1
    function = tf.function(interface.call, reduce_retracing=True)

    def run(batch: Batch) -> Batch:
        columns = [batch[declared.name] for declared in interface.inputs]
        answers = []
        for start in range(0, len(columns[0]), step):
            tensors = [tf.constant(column[start : start + step]) for column in columns]
            answers.append({name: value.numpy() for name, value in function(tensors).items()})
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    return run


def _random(random: np.random.Generator, tensor: Tensor, count: int, limit: int) -> Array:
    shape, dtype = (count, *tensor.shape[1:]), np.dtype(tensor.dtype)
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.itemsize == 1:
        limits = np.iinfo(tensor.dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return random.integers(0, limit, shape).astype(dtype)


def _num_rows(layer: KerasLayer) -> int | None:
    """Return how many integers, from 0 on, a layer can look up; None if it looks up none."""
    attribute = {"Embedding": "input_dim", "CategoryEncoding": "num_tokens"}.get(
        type(layer).__name__
    )
    return getattr(layer, attribute) if attribute else None
