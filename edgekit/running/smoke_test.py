"""Run the smallest model there is, to see that what was set up really answers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

from edgekit.core import registry
from edgekit.core.errors import EdgekitError, Unavailable
from edgekit.running.session import open_session
from edgekit.tflite.editing import pack
from edgekit.tflite.reader import read


def prove(runtime: str, device: str = "local", *, timeout_s: float = 60.0) -> dict[str, str]:
    """Run a model of one operator, and return what ran it (`Session.info`).

    Args:
        runtime: Name of a runtime that was just set up.
        device: Name of the device it runs on.
        timeout_s: Seconds until a worker that does not answer is ended.

    Raises:
        Unavailable: It does not run, or answers wrong.
    """
    values = np.array([[-2.0, -0.5, 0.5, 2.0]], np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "relu.tflite"
        path.write_bytes(relu_model())
        try:
            with open_session(path, runtime=runtime, device=device, timeout_s=timeout_s) as run:
                answer, info = run({"x": values})["y"], dict(run.info)
        except EdgekitError as error:
            raise Unavailable(
                f"{runtime} was set up on {device} and does not run: {error}"
            ) from error
    if not np.allclose(answer, np.maximum(values, 0), atol=1e-3):
        raise Unavailable(
            f"{runtime} was set up on {device} and answers wrong: relu gives {answer}."
        )
    return info


def prove_target(name: str) -> None:
    """Let a target judge the same model by whatever it was set up with.

    Args:
        name: Of a target that was just set up.

    Raises:
        Unavailable: It cannot.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "relu.tflite"
        path.write_bytes(relu_model())
        found = registry.get("targets", name).check(read(path))
    if found.problems:
        raise Unavailable(f"{name} was set up and does not work: {found.problems[0]}")


def relu_model() -> bytes:
    """Return a `.tflite` file that holds one RELU: `x` (1, 4) float32 to `y`."""
    from ai_edge_litert import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RELU
    code.version = 1
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [1]
    graph = schema.SubGraphT()
    graph.tensors = [_tensor(schema, "x"), _tensor(schema, "y")]
    graph.inputs, graph.outputs, graph.operators = [0], [1], [operator]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT()]
    return bytes(pack(model))


def _tensor(schema: ModuleType, name: str) -> object:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name, [1, 4], 0
    return tensor
