"""Convert between the floats that users pass and the integers that a quantized file takes.

Real value = scale * (stored value - zero point); scale and zero point are the file's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgekit.core.errors import BadData, BadInput
from edgekit.core.paths import require_small
from edgekit.core.types import Array, Batch
from edgekit.tflite.reader import Model, Port, ports

_NUMBERS = frozenset(
    np.dtype(code).name for code in np.typecodes["All"] if code in "?bBhHiIlLefdFD"
)
"""Types of the tensors that NumPy has, and that cross to a worker."""


def number_ports(model: Model) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Return a file's inputs and outputs, with the lengths that a free first axis gets.

    Raises:
        BadInput: One holds no numbers that NumPy has, such as text, or there is none.
    """
    inputs, outputs = ports(model)
    for side, name in ((inputs, "inputs"), (outputs, "outputs")):
        if not side:
            raise BadInput(f"'{model.path}' has no {name}; edgekit runs files that have both.")
    for port in (*inputs, *outputs):
        if port.dtype not in _NUMBERS:
            raise BadInput(
                f"'{port.name}' of '{model.path}' is of type {port.dtype}; edgekit runs files "
                "whose inputs and outputs are plain numbers."
            )
        if 0 in port.shape:
            raise BadInput(f"'{port.name}' of '{model.path}' has shape {port.shape}: no numbers.")
    return tuple(_with_one(model, port) for port in inputs), outputs


def _with_one(model: Model, port: Port) -> Port:
    """Return an input as a worker loads it: with one example where their number is free."""
    graph = model.subgraphs[port.subgraph]
    is_free = graph.tensors[port.index].shape_signature[:1] == (-1,)
    return replace(port, shape=(1, *port.shape[1:])) if is_free else port


def example_shape(port: Port) -> tuple[int, ...]:
    """Return the shape of one example: that of the port, without a batch axis of 1 in front."""
    return port.shape[1:] if port.shape[:1] == (1,) else port.shape


def example_bytes(port: Port) -> int:
    """Return the size of one example in bytes."""
    return int(np.prod(port.shape, dtype=np.int64)) * np.dtype(port.dtype).itemsize


def require_room(model: Model, examples: int = 0) -> None:
    """Refuse a file, before it is loaded, whose tensors would take too much memory.

    Args:
        model: The file.
        examples: How many of them are to be held beside the largest tensor.

    Raises:
        BadInput: It would take more than `edgekit.core.paths.most_bytes`.
    """
    largest = max((t.num_bytes for graph in model.subgraphs for t in graph.tensors), default=0)
    held = examples * sum(map(example_bytes, number_ports(model)[0]))
    require_small(model.path, largest + held, "has tensors of")


def check_names(ports: Sequence[Port], batch: Batch) -> None:
    """Refuse a batch that does not hold just what a file's inputs are called.

    Raises:
        BadData: A name is missing or unknown.
    """
    if set(batch) != {port.name for port in ports}:
        raise BadData(f"The batch holds {_names(batch)}; the file takes {_names(ports)}.")


def to_ports(ports: Sequence[Port], batch: Batch) -> dict[str, Array]:
    """Return what a file's inputs hold, by tensor index, for arrays by name.

    Args:
        ports: All inputs of a file.
        batch: Input name -> array of shape `(examples, *example_shape(port))`.

    Raises:
        BadData: Names, shapes, numbers of examples or types do not fit.
    """
    check_names(ports, batch)
    stored = {port.name: _to_port(port, np.asarray(batch[port.name])) for port in ports}
    counts = {name: len(array) for name, array in stored.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        said = ", ".join(f"'{name}': {count}" for name, count in counts.items())
        raise BadData(f"Numbers of examples are {said}; give every input the same, at least 1.")
    return {str(port.index): stored[port.name] for port in ports}


def from_port(port: Port, array: Array) -> Array:
    """Return the real values, shape `(examples, ...)`, of what an output held.

    Args:
        port: The output.
        array: What it held, shape `(examples, *shape of the output)`.
    """
    if port.shape[:1] == (1,) and array.ndim > 1 and array.shape[1] == 1:
        array = array[:, 0]
    if port.scale:
        return ((array.astype(np.float64) - port.zero_point) * port.scale).astype(np.float32)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _to_port(port: Port, array: Array) -> Array:
    shape = example_shape(port)
    if array.shape[1:] != shape or array.ndim == 0:
        wanted = ", ".join(["examples", *map(str, shape)])
        raise BadData(f"'{port.name}' has shape {array.shape}; the file takes ({wanted}).")
    if array.dtype == port.dtype:
        return array
    if port.scale and array.dtype.kind == "f":
        return _quantized(port, array)
    return _cast(port, array)


def _quantized(port: Port, array: Array) -> Array:
    if np.isnan(array).any():
        raise BadData(f"'{port.name}' holds NaN, which {port.dtype} cannot carry; remove it.")
    limits = np.iinfo(port.dtype)
    steps = np.rint(array.astype(np.float64) / port.scale) + port.zero_point
    stored: Array = np.clip(steps, limits.min, limits.max).astype(port.dtype)
    return stored


def _cast(port: Port, array: Array) -> Array:
    """Change the type where that changes no value, as of token numbers from int64 to int32."""
    if port.scale == 0 and np.can_cast(array.dtype, port.dtype, "same_kind"):
        cast = array.astype(port.dtype)
        if array.dtype.kind == "f" or np.array_equal(cast, array):
            return cast
    allowed = f"float32 or {port.dtype}" if port.scale else port.dtype
    raise BadData(
        f"'{port.name}' has type {array.dtype}, or values outside the file's; give {allowed}."
    )


def _names(named: Batch | Sequence[Port]) -> str:
    names = [one if isinstance(one, str) else one.name for one in named]
    return ", ".join(f"'{name}'" for name in sorted(names)) or "nothing"
