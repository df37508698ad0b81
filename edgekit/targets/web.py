"""A web page with LiteRT.js 2.5 on WASM.

Its operators were not asked one by one yet, so a check calls them unknown; running a file tells.
LiteRT.js passes few types on to a model; edgekit's page adds int8 and int16. Where a file takes or
gives others, or has no fixed shape, it is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edgekit.core.variant import PRECISIONS
from edgekit.operators.measured import LITERT_JS
from edgekit.operators.support import check_model
from edgekit.operators.target import Check, Target
from edgekit.running.browser.litert_js import ADDED, PASSED, TENSORS
from edgekit.tflite.reader import Model, ports


def check(model: Model) -> Check:
    """Return the verdict of the tables, and of what LiteRT.js passes to a model."""
    found = check_model(model, target="web", column=LITERT_JS)
    fatal = (*_unpassed(model), *_variables(model))
    problems = (*found.problems, *fatal, *_added(model))
    return replace(found, ok=found.ok and not fatal, problems=problems)


def _added(model: Model) -> Iterator[str]:
    """Give a sentence if an app needs the change to LiteRT.js that edgekit's page has."""
    types = sorted({port.dtype for side in ports(model) for port in side} & set(ADDED))
    if types:
        yield (
            f"It takes or gives {' and '.join(types)}, and LiteRT.js passes on {', '.join(PASSED)} "
            "alone: edgekit's page adds these types, and another page has to do so too."
        )


def _unpassed(model: Model) -> Iterator[str]:
    """Give a sentence for each input and output that LiteRT.js does not pass on."""
    inputs, outputs = ports(model)
    for port in (*inputs, *outputs):
        if port.dtype not in TENSORS:
            yield (
                f"'{port.name}' is {port.dtype}, and LiteRT.js passes on {', '.join(TENSORS)} "
                "alone. Convert the model with edgekit, which keeps inputs and outputs in float32."
            )
    for index in model.main.inputs:
        tensor = model.main.tensors[index]
        if -1 in tensor.shape_signature:
            yield (
                f"LiteRT.js takes no input without a fixed shape, such as '{tensor.name}'. Convert "
                "the model with a fixed shape."
            )


def _variables(model: Model) -> Iterator[str]:
    """Give a sentence if something in the file keeps its value between invocations."""
    if any(tensor.is_variable for subgraph in model.subgraphs for tensor in subgraph.tensors):
        yield (
            "LiteRT.js takes no tensor that keeps its value between invocations, as TFLite's fused "
            "LSTM has. Build the layer with unroll=True, or give the model its state as an input "
            "and an output."
        )


target = Target(check=check, runtime="litert-web", device="local", precisions=PRECISIONS)
