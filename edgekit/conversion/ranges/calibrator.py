"""Put the ranges that activations really have into TensorFlow's calibrator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from edgekit.conversion.correcting.corrections import corrected
from edgekit.conversion.ranges.activation_ranges import correct_ranges
from edgekit.conversion.ranges.copy_order import put_copies_first
from edgekit.conversion.ranges.loop_ranges import calibrate_around, float_nodes, set_loop_ranges
from edgekit.core.types import Array, Batch
from edgekit.core.variant import Quantization
from edgekit.tflite.editing import bodies_of, unpack

if TYPE_CHECKING:
    from tensorflow.lite.python.optimize.calibrator import Calibrator

INT8_LEVELS = 2**8


@contextmanager
def calibrated(examples: Batch, *, levels: int, quantization: Quantization) -> Iterator[None]:
    """Let the calibrator return the ranges that activations really have.

    The state of a fused LSTM has to be reset before each example. TensorFlow 2.21 resets it only
    before the first. The ranges then are those of one endless sequence, and real sequences, which
    begin at zero, are clipped: by 0.08 of 0.58 in a test. See also
    `edgekit.conversion.ranges.activation_ranges`.

    Args:
        examples: Input name -> `(n, ...)`, the calibration data.
        levels: How many numbers a quantized activation can hold.
        quantization: How the ranges outside of loops are chosen.
    """
    from tensorflow.lite.python import lite
    from tensorflow.lite.python.optimize.calibrator import Calibrator

    quantize_all: Callable[..., bytes] = lite._mlir_quantize
    feed, calibrate = Calibrator._feed_tensors, Calibrator.calibrate
    quantize = Calibrator.calibrate_and_quantize

    def feed_each(
        self: Calibrator, examples: Callable[[], Iterator[dict[str, Array]]], resize_input: bool
    ) -> None:
        for example in examples():
            # Variables are reset before the first example of a call, so each call has only one.
            feed(self, partial(iter, [example]), resize_input)

    ready: list[bytes] = []

    def calibrate_part(content: bytes, values: Iterator[list[Array]]) -> bytes:
        ranged: bytes = calibrate(Calibrator(content), lambda: values)
        return ranged

    def calibrate_anew(self: Calibrator, given: Callable[[], Iterator[dict[str, Array]]]) -> bytes:
        content: bytes = self._model_content
        if has_loops := levels == INT8_LEVELS and bool(bodies_of(unpack(content))):
            ranged = calibrate_around(content, examples, calibrate_part)
        else:
            ranged = calibrate(self, given)
        ranged = correct_ranges(ranged, examples, levels=levels, quantization=quantization)
        ready.append(set_loop_ranges(ranged, examples, levels=levels) if has_loops else ranged)
        return ready[-1]

    def quantize_products(calibrated: bytes, *args: object, **options: object) -> bytes:
        nodes = float_nodes(calibrated)
        ordered = bytes(corrected(bytearray(calibrated), [put_copies_first]))
        return quantize_all(ordered, *args, denylisted_nodes=nodes, **options)

    def quantize_calibrated(
        self: Calibrator, _: Callable[..., object], *types: object, **options: bool
    ) -> bytes:
        # Only int16x8 comes here, after `calibrate`, whose result TensorFlow then ignores: it
        # calibrates again. A model that has ranges keeps them if no example is given.
        ranged = Calibrator(ready[-1])
        content: bytes = quantize(ranged, partial(iter, ()), *types, **options)
        return content

    Calibrator._feed_tensors, Calibrator.calibrate = feed_each, calibrate_anew
    Calibrator.calibrate_and_quantize = quantize_calibrated
    lite._mlir_quantize = quantize_products
    try:
        yield
    finally:
        Calibrator._feed_tensors, Calibrator.calibrate = feed, calibrate
        Calibrator.calibrate_and_quantize = quantize
        lite._mlir_quantize = quantize_all
