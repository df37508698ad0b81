"""The smallest model that shows that a runtime really answers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from edgekit.core.errors import EdgekitError, Unavailable
from edgekit.running.session import open_session


def prove(runtime: str, device: str = "local", *, timeout_s: float = 60.0) -> dict[str, str]:
    """Run a one-operator model and return what ran it (`Session.info`).

    Raises:
        Unavailable: It does not run, or answers wrong.
    """
    values = np.array([[-2.0, -0.5, 0.5, 2.0]], np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "relu.tflite"
        path.write_bytes(relu_model())
        try:
            with open_session(path, runtime=runtime, device=device, timeout_s=timeout_s) as run:
                found, info = run({"x": values})["y"], dict(run.info)
        except EdgekitError as error:
            raise Unavailable(
                f"{runtime} was made on {device} and does not run: {error}"
            ) from error
    if not np.allclose(found, np.maximum(values, 0), atol=1e-3):
        raise Unavailable(f"{runtime} was made on {device} and answers wrong: relu gives {found}.")
    return info


def relu_model() -> bytes:
    """Return a `.tflite` file that holds one RELU: `x` (1, 4) float32 to `y`."""
    import flatbuffers
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
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _tensor(schema: object, name: str) -> object:
    tensor = schema.TensorT()  # type: ignore[attr-defined]
    tensor.name, tensor.shape, tensor.buffer = name, [1, 4], 0
    return tensor
