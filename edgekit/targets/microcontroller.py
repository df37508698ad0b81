"""A microcontroller with TensorFlow Lite Micro: its own kernels, no operating system.

Its tables come from asking the released wheel for each operator, version and type. It has the
portable kernels; vendors' faster ones (CMSIS-NN, ESP-NN) take the same operators or fall back to
these.
"""

from __future__ import annotations

from dataclasses import replace

from edgekit.operators.measured import MICRO
from edgekit.operators.support import check_model
from edgekit.operators.target import Check, Target
from edgekit.running.micro.backend import LARGEST_ARENA
from edgekit.tflite.reader import Model


def check(model: Model) -> Check:
    """Return the verdict of the tables, and whether what an operator needs at once is too much."""
    found = check_model(model, target="microcontroller", column=MICRO)
    problems = (*_several_signatures(model), *_too_large(model))
    return replace(found, ok=found.ok and not problems, problems=(*found.problems, *problems))


def _several_signatures(model: Model) -> tuple[str, ...]:
    if len(model.signatures) < 2:
        return ()
    return (
        f"The file has {len(model.signatures)} signatures; TensorFlow Lite Micro runs the first "
        "alone. Convert each to a file of its own.",
    )


def _too_large(model: Model) -> tuple[str, ...]:
    """Tell of the operator that reads and writes most, if that alone is more than there may be."""
    graph = model.main
    needs = {
        operator.index: sum(
            graph.tensors[k].num_bytes
            for k in {*operator.inputs, *operator.outputs}
            if k >= 0 and not graph.tensors[k].is_constant
        )
        for operator in graph.operators
    }
    most = max(needs, key=lambda index: needs[index], default=-1)
    if most < 0 or needs[most] <= LARGEST_ARENA:
        return ()
    return (
        f"Operator {most}, {graph.operators[most].name}, reads and writes "
        f"{needs[most] / 1e6:.1f} MB; the largest microcontrollers have some "
        f"{LARGEST_ARENA / 1e6:.0f} MB. Use smaller inputs or fewer channels.",
    )


target = Target(
    check=check,
    runtime="tflite-micro",
    device="local",
    precisions=("float32", "int8", "int16x8"),
    is_picky=True,
)
