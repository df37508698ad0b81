"""What the source model answers: the reference that every converted file is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.core.child_process import ChildDied
from edgekit.core.errors import BadInput, reason
from edgekit.core.types import Array, Batch, Run
from edgekit.source_model.calibration import load_calibration
from edgekit.source_model.export import function_of, signature_of
from edgekit.source_model.golden_vectors import read_arrays, write_arrays
from edgekit.source_model.interface import (
    SourceModel,
    full_name,
    interface_of,
    is_tf_keras,
    parts_of,
)
from edgekit.source_model.random_inputs import expected_inputs, integer_limit, random_inputs

BATCH_SIZE = 64
"""Examples run at once where the model's batch is free."""

NUM_EXAMPLES = 64
"""Random inputs on which a converted file is compared with its source."""

FEWEST_JUDGED, ENOUGH_JUDGED, MOST_JUDGED = 32, 64, 256
"""Examples a file is judged on that calibration did not see: half of those given up to 64, a fifth
where that is more. Fewer than 32 make a share too coarse; more than 256 only take time. Of 64, a
file that is right on 83 % passes a limit of 92 % three times in a hundred; of 32, seven times."""

CHILD_ENV: Mapping[str, str] = {
    "KERAS_BACKEND": "tensorflow",  # a user's choice of JAX or PyTorch cannot be converted
    "CUDA_VISIBLE_DEVICES": "-1",  # the reference is the same on every machine
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""Environment of every child process that runs Keras."""


def judged_examples(count: int) -> NDArray[np.intp]:
    """Return which of `count` given examples a file is judged on; the others calibrate it.

    They are spread evenly over the data, which may be sorted by class. Where there are too few to
    keep any apart, all are judged, and all calibrate.
    """
    if count < 2 * FEWEST_JUDGED:
        return np.arange(count)
    number = min(max(min(count // 2, ENOUGH_JUDGED), count // 5), MOST_JUDGED)
    return np.linspace(0, count - 1, number).round().astype(np.intp)


def calibrating_examples(count: int) -> NDArray[np.intp]:
    """Return which of `count` given examples calibrate a file that is judged on others."""
    if count < 2 * FEWEST_JUDGED:
        return np.arange(count)
    return np.setdiff1d(np.arange(count), judged_examples(count))


def without_judged(calibration: Path, out: Path) -> tuple[Path, str]:
    """Write the calibration data without the examples that a file is judged on.

    Returns:
        `out`, or `calibration` itself if there are too few to keep any apart; and a sentence for
        the user that says which it is.
    """
    arrays = read_arrays(calibration)
    counts = {name.partition("/")[0] if "/" in name else "": len(a) for name, a in arrays.items()}
    count = sum(counts.values())  # of all signatures together, each of which is judged by itself
    if min(counts.values()) < 2 * FEWEST_JUDGED:
        return calibration, (
            f"Judged on the {count} examples that also calibrated it, which flatters it; of "
            f"{2 * FEWEST_JUDGED} or more, a part is kept apart."
        )
    rest = {name: a[calibrating_examples(len(a))] for name, a in arrays.items()}
    write_arrays(out, rest, compress=False)
    number = sum(len(judged_examples(each)) for each in counts.values())
    return out, f"Judged on {number} of the {count} examples, which calibration did not see."


def write_reference(model: SourceModel, out: Path, *, calibration: Path | None) -> None:
    """Run a loaded model on examples and write golden vectors.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned, unchanged since.
        out: The `.npz` to write; see `edgekit.source_model.golden_vectors`. With several signatures
            its arrays are called `input:SIGNATURE/NAME` and `output:SIGNATURE/NAME`.
        calibration: Its `judged_examples` are the inputs; random ones if None.

    Raises:
        NotFound, BadData: The calibration data cannot be used.
        BadInput: The model has no fixed signature; see `signature_of`.
    """
    inputs: dict[str, Array] = {}
    answers: dict[str, Array] = {}
    for part, function in parts_of(model).items():
        batch = _judged_inputs(function, calibration, part)
        inputs |= {full_name(part, name): array for name, array in batch.items()}
        outputs = run_model(function, batch)
        answers |= {full_name(part, name): array for name, array in outputs.items()}
    write_arrays(out, inputs, answers)


def _judged_inputs(model: SourceModel, calibration: Path | None, part: str) -> Batch:
    """Return the examples that a file is judged on, of one signature."""
    signature = signature_of(model)
    if calibration:
        examples = load_calibration(calibration, signature, part=part)
        chosen = judged_examples(len(next(iter(examples.values()))))
        return {name: array[chosen] for name, array in examples.items()}
    return random_inputs(
        signature,
        NUM_EXAMPLES,
        seed=0,
        integer_limit=integer_limit(model),
        expected=expected_inputs(model),
    )


def cannot_read(model: Path, death: ChildDied) -> BadInput:
    """Return the error for a model file whose process ended while it was read."""
    return BadInput(
        f"'{model}' is damaged, or is no model that Keras reads here: reading it ended with "
        f"{death.cause}. {reason(death)}. Save the model again with model.save."
    )


def cannot_run(model: Path, death: ChildDied) -> BadInput:
    """Return the error for a model file whose process ended while Keras ran the model."""
    return BadInput(
        f"'{model}' cannot be run by Keras here: the process ended with {death.cause}. "
        f"{death} Try model.predict on one example."
    )


def run_model(model: SourceModel, batch: Batch) -> Batch:
    """Run a loaded model on examples: a few one by one, more at once if its batch is free.

    For one example it is traced anyhow, to be exported; a trace for more takes longer than a few
    examples do.

    Args:
        model: What `edgekit.source_model.loading.load_model` returns.
        batch: Checked examples, by input name, in the model's order.
    """
    import tensorflow as tf

    inputs = interface_of(model).inputs
    columns = [batch[declared.name] for declared in inputs]
    has_text = any(declared.dtype == "string" for declared in inputs)  # which is not exported
    if has_text or len(columns[0]) > BATCH_SIZE:
        return runner(model)(batch)
    function = function_of(model)
    answers = [
        function(*(tf.constant(column[k : k + 1]) for column in columns))
        for k in range(len(columns[0]))
    ]
    return {name: np.concatenate([a[name].numpy() for a in answers]) for name in answers[0]}


def runner(model: SourceModel) -> Run:
    """Return a loaded model as a function of examples, traced once for all calls."""
    import tensorflow as tf

    interface = interface_of(model)
    step = BATCH_SIZE if interface.has_free_batch else 1
    autograph = is_tf_keras(model)  # as in `edgekit.source_model.export`
    function = tf.function(interface.call, reduce_retracing=True, autograph=autograph)

    def run(batch: Batch) -> Batch:
        columns = [batch[declared.name] for declared in interface.inputs]
        answers = []
        for start in range(0, len(columns[0]), step):
            tensors = [tf.constant(column[start : start + step]) for column in columns]
            answers.append({name: value.numpy() for name, value in function(tensors).items()})
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    return run
