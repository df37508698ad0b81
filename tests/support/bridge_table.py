"""Write `docs/keras_bridge_layers.md`: which layers of Keras 3 the bridge carries.

Run it after Keras, tf_keras or the bridge has changed: `python -m tests.support.bridge_table`.
"""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgekit.bridge.carry import TOLERANCE, check_parity, to_keras, to_tf_keras
from edgekit.core.errors import UnsupportedLayer
from tests.support import bridge_cases as cases
from tests.support.paths import ROOT

TABLE = ROOT / "docs" / "keras_bridge_layers.md"
COMMAND = "python -m tests.support.bridge_table"


NOT_LAYERS = {
    "InputSpec": "describes inputs; is not a layer",
    "Layer": "base class; your own are refused, unless edgekit.register_qat knows them",
    "Wrapper": "base class; TimeDistributed and Bidirectional are carried",
}
NEED_MORE = {
    "Equalization": "cannot stand in a functional model; tf_keras has no layer of that name",
    "Pipeline": "cannot stand in a functional model; tf_keras has no layer of that name",
    "FlaxLayer": "needs JAX; tf_keras has no layer of that name",
    "JaxLayer": "needs JAX; tf_keras has no layer of that name",
    "TFSMLayer": "calls a SavedModel; tf_keras has no layer of that name",
    "TorchModuleWrapper": "needs PyTorch; tf_keras has no layer of that name",
}


@cache
def layer_classes() -> dict[str, Any]:
    """Return every public class of `keras.layers` under each of its names."""
    import keras

    public = {name: getattr(keras.layers, name) for name in dir(keras.layers)}
    return {name: kind for name, kind in sorted(public.items()) if inspect.isclass(kind)}


def is_alias(name: str) -> bool:
    """Whether the class is public under its own name too; GroupQueryAttention's is not."""
    own = layer_classes()[name].__name__
    return own != name and layer_classes().get(own) is layer_classes()[name]


def names() -> list[str]:
    """Return the names of the classes to try: no aliases, no base classes."""
    return [n for n in layer_classes() if not is_alias(n) and n not in {**NOT_LAYERS, **NEED_MORE}]


@dataclass(frozen=True)
class Outcome:
    """What happened to a class: the largest error there and back, or why it was refused."""

    error: float = 0.0
    refused: str = ""


def there_and_back(model: Any, **options: Any) -> Any:
    """Return the twin, having checked that it and the way back answer alike."""
    twin = to_tf_keras(model, **options)
    back = to_keras(twin, like=model)
    assert check_parity(model, twin, seed=11) <= TOLERANCE
    assert check_parity(back, twin, seed=12) <= TOLERANCE
    return twin


@cache
def outcome(name: str) -> Outcome:
    """Carry the models of a class over and back."""
    error = 0.0
    with warnings.catch_warnings():
        # Keras' own attention hands masks to its projections, and then warns that they take none.
        warnings.filterwarnings("ignore", ".*passed an input with a mask", UserWarning)
        for model in cases.models(name):
            try:
                twin = to_tf_keras(model)
            except UnsupportedLayer as refusal:
                return Outcome(refused=str(refusal))
            back = to_keras(twin, like=model)
            error = max(error, check_parity(model, twin, seed=7), check_parity(back, twin, seed=8))
    return Outcome(error=error)


def table() -> str:
    """Return the document."""
    rows = [(name, *_row(name)) for name in layer_classes()]
    carried = sum(mark == "yes" for _, mark, _ in rows)
    refused = sum(mark == "no" for _, mark, _ in rows)
    lines = [
        "# Which layers `edgekit.bridge.carry` carries",
        "",
        f"Written by `{COMMAND}`, which makes models of every class of `keras.layers`,",
        "carries them to tf_keras and back, and compares the answers. A test compares this file.",
        "",
        f"Of {len(rows)} public names, {carried} are classes that are carried, {refused} are",
        "refused with an error, and the rest are other names or base classes.",
        "",
        "| `keras.layers` | carried | |",
        "| --- | --- | --- |",
        *(f"| `{name}` | {mark} | {note} |" for name, mark, note in rows),
        "",
        "Calls of `keras.ops` in a graph, such as `x + y` or `keras.ops.mean(x)`, are carried too:",
        "as the merging or activation layer of the same meaning, else as a layer that calls the",
        "Keras operation.",
    ]
    return "\n".join(lines) + "\n"


def _row(name: str) -> tuple[str, str]:
    if name in NOT_LAYERS:
        return "", NOT_LAYERS[name]
    if is_alias(name):
        return "", f"another name of `{layer_classes()[name].__name__}`"
    if name in NEED_MORE:
        return "no", NEED_MORE[name]
    refused = outcome(name).refused
    return ("no", reason(refused)) if refused else ("yes", "")


def reason(refused: str) -> str:
    """Return the middle of the error's sentence."""
    return refused.partition("from Keras 3 to tf_keras: ")[2].partition(". Layers of")[0]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    TABLE.write_text(table(), encoding="utf-8")
