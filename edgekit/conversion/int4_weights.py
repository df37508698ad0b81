"""Give a float `.tflite` weights of 4 bits, by ai-edge-quantizer.

That leaves every operator at version 1, so that an old runtime would take the file and answer
nonsense; the versions are raised to those that have such weights. It names tensors by their names:
the file must not have been slimmed.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.tf_converter import path_of
from edgekit.core.errors import ConversionFailed
from edgekit.operators.versions import raise_versions
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import Model, Operator, Subgraph, read

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT


def missing() -> str:
    """Return "" if ai-edge-quantizer is installed, else how to get it."""
    if importlib.util.find_spec("ai_edge_quantizer"):
        return ""
    return (
        "Weights of 4 bits are written by ai-edge-quantizer, which is not installed here: "
        "pip install 'edgekit-tflite[int4]'."
    )


def with_int4_weights(data: bytes, *, block: int) -> bytearray:
    """Return a float32 file with the weights of its dense layers and convolutions in 4 bits.

    Those of depthwise convolutions get 8 bits, for which interpreters have kernels. Activations
    stay float32 and are quantized while running.

    Args:
        data: The file, as TensorFlow's converter wrote it.
        block: How many weights of a dense layer share a scale; 0 for one scale each output
            channel. Convolutions have no blocks, nor dense layers whose inputs do not divide into
            them.

    Raises:
        ConversionFailed: ai-edge-quantizer refuses the file.
    """
    from ai_edge_quantizer import qtyping, quantizer, recipe_manager

    rules = recipe_manager.RecipeManager()
    names = qtyping.TFLOperationName
    each = qtyping.QuantGranularity[f"BLOCKWISE_{block}" if block else "CHANNELWISE"]
    rules.add_dynamic_config(".*", names.FULLY_CONNECTED, num_bits=4, granularity=each)
    rules.add_dynamic_config(".*", names.CONV_2D, num_bits=4)
    rules.add_dynamic_config(".*", names.DEPTHWISE_CONV_2D, num_bits=8)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.tflite"
        path.write_bytes(data)
        for op, graph in _undivided(read(path), block):
            # It calls an operator by the names of its outputs, each with a semicolon behind it;
            # of several rules the last one counts.
            called = "".join(f"{graph.tensors[k].name};" for k in op.outputs)
            rules.add_dynamic_config(f"^{re.escape(called)}$", names.FULLY_CONNECTED, num_bits=4)
        quantized = quantizer.Quantizer(str(path))
        quantized.load_quantization_recipe(rules.get_quantization_recipe())
        try:
            content = quantized.quantize().quantized_model
        except (ValueError, RuntimeError) as error:
            raise ConversionFailed(f"ai-edge-quantizer refuses the file: {error}") from error
        path.write_bytes(content)
        model = unpack(bytes(content))
        _bring_in(model, bytes(content))
        raise_versions(model, read(path))
    return pack(model)


def note_on_blocks(model: Model, block: int, layers: Layers) -> str:
    """Return a sentence on the dense layers of a file that have no blocks, or "".

    Args:
        model: The file.
        block: As of `with_int4_weights`.
        layers: Of its source.
    """
    without = list(_undivided(model, block))
    if not without:
        return ""
    where = layers.sentence(path_of(op, graph, layers) for op, graph in without)
    return (
        f"Weights{where or f' of {len(without)} dense layers'} have one scale for each output "
        f"channel: blocks of {block} do not divide what goes in."
    )


def _bring_in(model: ModelT, content: bytes) -> None:
    """Put into a file what ai-edge-quantizer wrote behind it: all from 256 KiB of weights on."""
    for buffer in model.buffers:
        if buffer.offset > 1:  # 1 stands for nothing
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0


def _undivided(model: Model, block: int) -> Iterator[tuple[Operator, Subgraph]]:
    """Yield the dense layers whose inputs do not divide into blocks."""
    for graph in model.subgraphs if block else ():
        for op in graph.operators:
            if op.name == "FULLY_CONNECTED":
                weights = graph.tensors[op.inputs[1]]
                if weights.is_constant and weights.shape[-1] % block:
                    yield op, graph
