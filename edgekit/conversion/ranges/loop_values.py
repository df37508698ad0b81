"""Run the loops of a float model turn by turn, and keep what their tensors held.

TensorFlow 2.21's calibrator crashes on a WHILE, and its interpreter shows only the last turn. Here
the body of a loop becomes the main graph of a model of its own, which is run as often as its
condition holds.

Source for what a WHILE does: tensorflow/lite/kernels/while.cc.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from edgekit.conversion.ranges.measured_values import interpreter_of
from edgekit.core.types import Array, Batch
from edgekit.tflite.editing import loops_of, pack, unpack

if TYPE_CHECKING:
    import tensorflow as tf
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT

Turns: TypeAlias = dict[tuple[int, int], list[Array]]
"""(graph, tensor) -> what it held in each turn of one example; the main graph has a single turn."""

Sizes: TypeAlias = list[tuple[int, tuple[int, ...]]]
"""Tensors and their shapes."""


def alone(content: bytes, graph: int) -> ModelT:
    """Return a model whose main graph is another one of its graphs."""
    model = unpack(content)
    model.subgraphs[0], model.signatureDefs = model.subgraphs[graph], None
    return model


class LoopRunner:
    """Runs a model, and each of its loops turn by turn, also those within loops.

    Args:
        content: A float `.tflite` with a single signature.
    """

    def __init__(self, content: bytes) -> None:
        self._content, self._model = content, unpack(content)
        self._interpreters: dict[int, tuple[Sizes, tf.lite.Interpreter]] = {}
        (signature,) = self._model.signatureDefs
        self._names = {int(port.tensorIndex): port.name.decode() for port in signature.inputs}

    def inputs(self, example: Batch) -> list[Array]:
        """Return the values of one example in the order of the main graph's inputs."""
        return [example[self._names[int(k)]] for k in self._model.subgraphs[0].inputs]

    def run(self, example: Batch) -> Turns:
        """Run one example; return what the activations of all graphs held.

        Args:
            example: Input name -> `(1, ...)`.
        """
        turns: Turns = defaultdict(list)
        self._run(0, self.inputs(example), turns)
        return turns

    def _run(self, graph: int, values: Sequence[Array], turns: Turns | None) -> list[Array]:
        """Run a graph once, and the loops in it; return its outputs."""
        parts, interpreter = self._model.subgraphs[graph], self._interpreter(graph, values)
        interpreter.reset_all_variables()
        for k, value in zip(parts.inputs, values, strict=True):
            interpreter.set_tensor(int(k), value)
        interpreter.invoke()
        if turns is not None:
            for k in self._activations(graph):
                if (held := _held(interpreter, k)) is not None:
                    turns[graph, k].append(held)
            for loop in loops_of(self._model, graph):
                entering = [interpreter.get_tensor(int(k)) for k in loop.inputs]
                self._turn(loop, entering, turns)
        return [interpreter.get_tensor(int(k)) for k in parts.outputs]

    def _turn(self, loop: OperatorT, values: list[Array], turns: Turns) -> None:
        graphs = loop.builtinOptions
        while self._run(graphs.condSubgraphIndex, values, None)[0].all():
            values = self._run(graphs.bodySubgraphIndex, values, turns)

    def _activations(self, graph: int) -> list[int]:
        parts = self._model.subgraphs[graph]
        written = [int(k) for op in parts.operators or [] for k in op.outputs]
        return [int(k) for k in parts.inputs] + written

    def _interpreter(self, graph: int, values: Sequence[Array]) -> tf.lite.Interpreter:
        inputs = self._model.subgraphs[graph].inputs
        sizes = [(int(k), value.shape) for k, value in zip(inputs, values, strict=True)]
        made_for, interpreter = self._interpreters.get(graph, (None, None))
        if interpreter is None or made_for != sizes:  # a list may grow from turn to turn
            content = bytes(pack(alone(self._content, graph)))
            interpreter = interpreter_of(content, sizes)
            self._interpreters[graph] = sizes, interpreter
        return interpreter


def _held(interpreter: tf.lite.Interpreter, tensor: int) -> Array | None:
    """Return what a tensor holds; None for a result of a WHILE that nobody reads."""
    try:
        value: Array = interpreter.get_tensor(tensor)
    except ValueError:  # it was given no memory
        return None
    return value
