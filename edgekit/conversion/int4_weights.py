"""Give a float `.tflite` weights of 4 bits, by ai-edge-quantizer.

That leaves every operator at version 1, so that an old runtime would take the file and answer
nonsense; the versions are raised to those that have such weights. It names tensors by their names:
the file must not have been slimmed.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

from edgekit.core.errors import BadInput, ConversionFailed
from edgekit.operators.versions import raise_versions
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import Model, read


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
            channel. Convolutions have no blocks.

    Raises:
        BadInput: The inputs of a dense layer do not divide into blocks.
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
        _check_block(read(path), block)
        quantized = quantizer.Quantizer(str(path))
        quantized.load_quantization_recipe(rules.get_quantization_recipe())
        try:
            content = quantized.quantize().quantized_model
        except (ValueError, RuntimeError) as error:
            raise ConversionFailed(f"ai-edge-quantizer refuses the file: {error}") from error
        path.write_bytes(content)
        model = unpack(bytes(content))
        raise_versions(model, read(path))
    return pack(model)


def _check_block(model: Model, block: int) -> None:
    """Refuse blocks that do not divide what a dense layer takes."""
    for op in model.main.operators if block else ():
        if op.name == "FULLY_CONNECTED":
            weights = model.main.tensors[op.inputs[1]]
            if weights.is_constant and weights.shape[-1] % block:
                raise BadInput(
                    f"block is {block}, and a dense layer has {weights.shape[-1]} inputs, which "
                    "are no multiple of that; give a smaller block, or none."
                )
