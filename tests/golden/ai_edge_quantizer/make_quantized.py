"""Quantize a float file as ai-edge-quantizer 0.10 does, which leaves every operator at version 1.

Run it where that package is installed, on `wide_network` of `../make_golden.py` in float32:
`python make_quantized.py wide.tflite`. `dynamic_int8` and `dynamic_int4` have a scale a channel,
`blocks_int4` one for each 32 weights of the dense layer; activations stay in float32.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ai_edge_quantizer import qtyping, quantizer, recipe, recipe_manager

FOLDER = Path(__file__).parent


def blocks() -> Any:
    """Return a recipe for dense layers alone, in blocks of 32 weights."""
    manager = recipe_manager.RecipeManager()
    manager.add_dynamic_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.FULLY_CONNECTED,
        num_bits=4,
        granularity=qtyping.QuantGranularity.BLOCKWISE_32,
        algorithm_key="min_max_uniform_quantize",
    )
    return manager.get_quantization_recipe()


def main() -> None:
    """Write the files beside this one."""
    recipes = {
        "dynamic_int8": recipe.dynamic_wi8_afp32(),
        "dynamic_int4": recipe.dynamic_wi4_afp32(),
        "blocks_int4": blocks(),
    }
    for name, rules in recipes.items():
        made = quantizer.Quantizer(sys.argv[1])
        made.load_quantization_recipe(rules)
        made.quantize().export_model(str(FOLDER / f"{name}.tflite"), overwrite=True)


if __name__ == "__main__":
    main()
