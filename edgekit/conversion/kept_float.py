"""Leave chosen layers in float32 while TensorFlow quantizes the rest of a model to int8."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.operator_layers import operator_layers
from edgekit.core.errors import BadInput
from edgekit.core.variant import Precision
from edgekit.tflite.reader import read


def check_kept(names: Collection[str], precision: Precision, layers: Layers) -> None:
    """Refuse layers that cannot be left in float.

    Raises:
        BadInput: The precision is not int8, or the model has no layer of that name.
    """
    if names and precision != "int8":
        raise BadInput(
            f"Layers are to be kept in float in {precision}; only int8 files can mix. "
            "Leave keep_float out, or ask for int8."
        )
    for name in names:
        if layers.kinds and name not in layers.kinds:
            raise BadInput(
                f"There is no layer '{name}' to keep in float; {_suggestion(name, layers)}"
            )


@contextmanager
def kept_in_float(names: Collection[str], layers: Layers) -> Iterator[None]:
    """Within the block, TensorFlow's quantizer leaves the operators of some layers alone.

    It gets a DEQUANTIZE before them and a QUANTIZE after. TensorFlow has a list for that,
    `denylisted_nodes`, which only its `QuantizationDebugger` fills; nodes are named by what they
    write.

    Args:
        names: Of layers, or of operator paths where the model has no layers; none changes nothing.
        layers: Of the model.

    Raises:
        BadInput: Nothing in the graph came from one of the layers.
    """
    if not names:
        yield
        return
    from tensorflow.lite.python import lite

    quantize: Callable[..., bytes] = lite._mlir_quantize

    def quantize_the_rest(
        calibrated: bytes,
        *args: object,
        denylisted_nodes: Iterable[str] = (),
        **options: object,
    ) -> bytes:
        nodes = [*denylisted_nodes, *_nodes(calibrated, names, layers)]
        return quantize(calibrated, *args, denylisted_nodes=nodes, **options)

    lite._mlir_quantize = quantize_the_rest
    try:
        yield
    finally:
        lite._mlir_quantize = quantize


def _nodes(calibrated: bytes, names: Collection[str], layers: Layers) -> list[str]:
    """Return what the operators of some layers write, in a file not yet quantized."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "calibrated.tflite"
        path.write_bytes(calibrated)
        model = read(path)
        graph = model.main
        owners = operator_layers(graph, layers)
    # What is delivered has lost the model's name in front of paths, and explain reads them there.
    known_as = [{owner, owner.partition("/")[2] or owner} for owner in owners]
    lacking = [name for name in names if not any(name in each for each in known_as)]
    if lacking:
        known = ", ".join(dict.fromkeys(owners))
        raise BadInput(
            f"Nothing in the file came from layer '{lacking[0]}', so it cannot be kept in float; "
            f"the file has {known}."
        )
    kept = [op for op, each in zip(graph.operators, known_as, strict=True) if each & set(names)]
    bodies = [int(str(op.options["body_subgraph_index"])) for op in kept if op.name == "WHILE"]
    inside = [
        (op, model.subgraphs[body]) for body in bodies for op in model.subgraphs[body].operators
    ]
    return [
        within.tensors[k].name
        for op, within in [*((op, graph) for op in kept), *inside]
        for k in op.outputs
    ]


def _suggestion(name: str, layers: Layers) -> str:
    near = difflib.get_close_matches(name, layers.kinds, n=1)
    listed = list(layers.kinds)
    shown = ", ".join(listed[:20]) + (f" and {len(listed) - 20} more" if len(listed) > 20 else "")
    return f"did you mean '{near[0]}'?" if near else f"the model has {shown}."
