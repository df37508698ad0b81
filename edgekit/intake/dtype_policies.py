"""Replace dtype policies that TFLite cannot compute in, such as mixed_float16, by float32.

Source: Micikevicius et al., Mixed Precision Training, 2018, https://arxiv.org/abs/1710.03740: the
weights are float32 all along, so that nothing is lost.
"""

from __future__ import annotations

import importlib

import numpy as np

from edgekit.core.errors import BadInput, reason
from edgekit.core.records import Json
from edgekit.source_model.interface import (
    KerasModel,
    SavedModel,
    SourceModel,
    is_tf_keras,
    nested_layers,
)

REPLACED = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")


def in_float32(model: SourceModel) -> tuple[SourceModel, str]:
    """Return a Keras model that computes in float32, and a sentence if it did not before.

    A SavedModel, whose layers cannot be reached, stays as it is.

    Raises:
        BadInput: It has such a policy and cannot be built again without it.
    """
    if isinstance(model, SavedModel):
        return model, ""
    found = [name for layer in nested_layers(model) if (name := _policy(layer)) in REPLACED]
    if not found:
        return model, ""
    names = " and ".join(dict.fromkeys(found))
    try:
        copy = _rebuilt(model)
    except Exception as error:  # whatever a layer raises while it is built
        raise BadInput(
            f"Model '{model.name}' computes in {names}, which TFLite cannot, and cannot be built "
            f"in float32: {reason(error)}. Build it with dtype='float32', load the weights into it "
            "and convert that."
        ) from error
    return copy, (
        f"The model computes in {names}, which TFLite cannot; it was built again in float32 with "
        "the same weights, and that is what the file is compared with."
    )


def _policy(layer: object) -> str:
    policy = getattr(layer, "dtype_policy", None)
    return str(getattr(policy, "name", ""))


def _rebuilt(model: KerasModel) -> KerasModel:
    library = importlib.import_module("tf_keras" if is_tf_keras(model) else "keras")
    if not getattr(model, "inputs", None):
        raise ValueError("it is a class of its own")
    config = without_policies(model.get_config())
    kind = library.Sequential if isinstance(model, library.Sequential) else library.Model
    if "layers" not in config:  # a class with a graph and a description of its own, of keras-hub
        kind = type(model)
    copy = kind.from_config(config)
    weights = zip(model.get_weights(), copy.get_weights(), strict=True)
    copy.set_weights([np.asarray(old).astype(new.dtype) for old, new in weights])
    return copy


def without_policies(config: Json) -> Json:
    """Return a Keras description in which every policy of `REPLACED` is float32."""
    if isinstance(config, dict):
        return {
            key: "float32" if _names_a_policy(key, value) else without_policies(value)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(without_policies(value) for value in config)
    return config


def _names_a_policy(key: object, value: Json) -> bool:
    if isinstance(value, dict):  # a policy as Keras describes it
        inner = value.get("config")
        value = inner.get("name") if isinstance(inner, dict) else None
    return "dtype" in str(key) and isinstance(value, str) and value in REPLACED
