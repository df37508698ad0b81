"""Run a float and a quantized file of one model side by side and measure each layer's noise.

Only for a child process: a file may crash the interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.operator_layers import operator_layers
from edgekit.core.child_process import report_progress
from edgekit.core.errors import BadInput
from edgekit.core.types import Array
from edgekit.explaining.noise import (
    Totals,
    clipped_share,
    dead_channels,
    decibels,
    losses,
    root_mean_square,
    signal,
    spread,
    totals_of,
)
from edgekit.explaining.pairs import Pair, cut, pairs_of, unmatched
from edgekit.running.quantization import to_ports
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.reader import Model, TensorInfo, ports, read

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


@dataclass(frozen=True, kw_only=True)
class TensorNoise:
    """What one layer passes on, compared between both files.

    Attributes:
        layer: That writes it, in Keras' names; `input NAME` for what goes into the model.
        operator: The last operator of the layer.
        readers: The layers that read it.
        snr_db: Signal-to-noise ratio in decibels, the mean over channels; see
            `edgekit.explaining.noise.decibels`.
        own_db: The same of the error that this layer adds.
        inherited_db: The same of the error that it was given.
        own: Share of its signal that this layer loses, 0..1.
        clipped: Share of its values cut at an end of its range, 0..1.
        dead: Channels that are constant in the quantized file and not in float.
        channels: How many it has.
        low: Least value it can hold; `-inf` if it is not quantized.
        high: Largest value it can hold.
        step: Between two neighbouring values it can hold; 0 if it is not quantized.
        widest: The channel of the largest range.
        spread: That range over the range of the middle channel.
        magnitude: Largest float magnitude in the widest channel.
        rms: Root mean square of its float values, over all channels.
    """

    layer: str
    operator: str
    readers: tuple[str, ...]
    snr_db: float
    own_db: float
    inherited_db: float
    own: float
    clipped: float
    dead: int
    channels: int
    low: float
    high: float
    step: float
    widest: int
    spread: float
    magnitude: float
    rms: float


def measure(
    true: Path, quantized: Path, vectors: Path, layers: Layers, count: int
) -> list[TensorNoise]:
    """In the child: run both files on the same examples; return what was measured, in order.

    A layer's own error is separated from what it inherited by a third run: the float file cut at
    the borders of layers (`edgekit.explaining.pairs.cut`), each layer fed with what it got in the
    quantized file. What float arithmetic makes of that differs from the float model by the
    inherited error; what the quantized file makes of it differs by that and the layer's own.

    Args:
        true: The float file.
        quantized: The file to explain.
        vectors: Golden vectors, whose inputs are run.
        layers: Of their common source.
        count: How many examples to run at most.

    Raises:
        BadInput: The files are not of one model.
    """
    models = read(true), read(quantized)
    pairs = pairs_of(*models, layers)
    if unmatched(models[0], operator_layers(models[0].main, layers), pairs):
        raise BadInput(
            f"Most tensors of the source are not in '{quantized.name}'; give the model that the "
            "file was converted from, by edgekit."
        )
    totals = _run(models, pairs, vectors, layers, count)
    return [
        _summary(pair, total, models[1].main.tensors[pair.in_quantized])
        for pair, total in zip(pairs, totals, strict=True)
    ]


def _run(
    models: tuple[Model, Model], pairs: list[Pair], vectors: Path, layers: Layers, count: int
) -> list[Totals]:
    true, quantized = (_interpreter(model.path.read_bytes()) for model in models)
    owners = operator_layers(models[0].main, layers)
    content, fed = cut(models[0].path.read_bytes(), pairs, owners)
    layerwise = _interpreter(content)
    batch, _ = read_vectors(vectors)
    tensors = [models[1].main.tensors[pair.in_quantized] for pair in pairs]
    arrays = [to_ports(ports(model)[0], batch) for model in models]
    count = min(count, len(next(iter(batch.values()))))
    sums: list[Totals] = []
    for number in range(count):
        report_progress(number / count, "comparing layer by layer")
        for interpreter, inputs in zip((true, quantized), arrays, strict=True):
            _feed(interpreter, {int(k): array[number] for k, array in inputs.items()})
        got = [_real(quantized.get_tensor(tensor.index), tensor) for tensor in tensors]
        others = {int(k): array[number] for k, array in arrays[0].items()}
        _feed(layerwise, others | dict(zip(fed, got, strict=True)))
        each = []
        for pair, values, tensor in zip(pairs, got, tensors, strict=True):
            expected = true.get_tensor(pair.in_float)
            given = expected if not pair.operator else layerwise.get_tensor(pair.in_float)
            low, high, step = _limits(tensor)
            each.append(
                totals_of(
                    expected, given, values.reshape(expected.shape), ends=(low, high), step=step
                )
            )
        sums = [a + b for a, b in zip(sums, each, strict=True)] if sums else each
    return sums


def _summary(pair: Pair, totals: Totals, tensor: TensorInfo) -> TensorNoise:
    whole, inherited = losses(totals)
    low, high, step = _limits(tensor)
    live = np.where(signal(totals) > 0, totals.largest, 0)
    return TensorNoise(
        layer=pair.layer,
        operator=pair.operator,
        readers=pair.readers,
        snr_db=decibels(whole),
        own_db=decibels(whole - inherited),
        inherited_db=decibels(inherited),
        own=whole - inherited,
        clipped=clipped_share(totals),
        dead=len(dead_channels(totals)),
        channels=len(totals.largest),
        low=low,
        high=high,
        step=step,
        widest=int(live.argmax()),
        spread=spread(totals),
        magnitude=float(live.max()),
        rms=root_mean_square(totals),
    )


def _interpreter(content: bytes) -> Interpreter:
    """Return an interpreter whose tensors can all be read after a run, so one without XNNPACK."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def _feed(interpreter: Interpreter, inputs: Mapping[int, Array]) -> None:
    """Run one example from a fresh state."""
    interpreter.reset_all_variables()
    details = {detail["index"]: detail for detail in interpreter.get_input_details()}
    for index, array in inputs.items():
        if index in details:
            shape, dtype = details[index]["shape"], details[index]["dtype"]
            interpreter.set_tensor(index, array.reshape(shape).astype(dtype, copy=False))
    interpreter.invoke()


def _real(stored: Array, tensor: TensorInfo) -> NDArray[np.float32]:
    if len(tensor.scales) != 1:
        return stored.astype(np.float32)
    steps = stored.astype(np.float64) - tensor.zero_points[0]
    return (steps * tensor.scales[0]).astype(np.float32)


def _limits(tensor: TensorInfo) -> tuple[float, float, float]:
    """Return the least and the largest value a tensor can hold, and its step."""
    if len(tensor.scales) != 1:
        return -np.inf, np.inf, 0.0
    scale, zero, limits = tensor.scales[0], tensor.zero_points[0], np.iinfo(tensor.dtype)
    # As `_real` computes them, so that equality tells a value at the end.
    low, high = (float(np.float32((end - zero) * scale)) for end in (limits.min, limits.max))
    return low, high, scale
