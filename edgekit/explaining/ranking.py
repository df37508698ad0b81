"""Rank layers by how much they are to blame, and give each the losses that its range imposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.explaining.layer_noise import TensorNoise

UNEVEN = 4.0
"""A channel this many times as wide as the middle one sets the step of all others."""

_CUT = 0.01
"""Share of values cut at an end of a range from which that is worth a word."""

_FINE = 16.0
"""Steps that a tensor's typical value should have; with fewer, it has 4 bits of its 8."""

_FIXED_RANGES = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC", "TANH", "L2_NORMALIZATION")
"""Operators whose results have a range of their own, whatever calibration saw."""

_STILL_AS_WIDE = 0.5
"""Share of its range that a channel keeps where it is only passed on."""


@dataclass(frozen=True, kw_only=True)
class LayerNoise:
    """A layer in the ranking.

    Attributes:
        layer: In Keras' names.
        kind: Its class; "" for an input, or if the source has no layers.
        blame: Share of the signal lost through this layer, summed over all tensors it spoils.
        worst: Of what it passes on, where it loses most.
        range_from: The layer whose wide channel sets its range; "" if that is itself.
        imposed_on: Layers whose losses come from the range that this one sets.
    """

    layer: str
    kind: str
    blame: float
    worst: TensorNoise
    range_from: str = ""
    imposed_on: tuple[str, ...] = ()


def rank(tensors: Sequence[TensorNoise], kinds: dict[str, str]) -> list[LayerNoise]:
    """Return the layers, the one to blame most first; of equals the earlier one.

    A sum or an activation that passes a wide channel on has to quantize as coarsely as the layer
    that made it so wide: its loss counts for that layer.

    Args:
        tensors: In the order they are computed.
        kinds: Layer name -> class name.
    """
    roots: list[TensorNoise] = []
    for position, tensor in enumerate(tensors):
        source = _source(tensor, tensors[:position])
        roots.append(tensor if source is None else roots[source])
    blame: dict[str, float] = {}
    imposed: dict[str, list[str]] = {}
    for tensor, root in zip(tensors, roots, strict=True):
        blame[tensor.layer] = blame.get(tensor.layer, 0.0)
        blame[root.layer] = blame.get(root.layer, 0.0) + tensor.own
        if root.layer != tensor.layer:
            imposed.setdefault(root.layer, []).append(tensor.layer)
    ranked = []
    for layer, total in blame.items():
        of_layer = [(t, r) for t, r in zip(tensors, roots, strict=True) if t.layer == layer]
        worst, root = max(of_layer, key=lambda pair: pair[0].own)
        ranked.append(
            LayerNoise(
                layer=layer,
                kind=kinds.get(layer, ""),
                blame=total,
                worst=worst,
                range_from=root.layer if root.layer != layer else "",
                imposed_on=tuple(dict.fromkeys(imposed.get(layer, ()))),
            )
        )
    return sorted(ranked, key=lambda noise: -noise.blame)


def is_cut(tensor: TensorNoise) -> bool:
    """Whether many of its values are cut at an end of its range."""
    return tensor.clipped >= _CUT


def is_wide(tensor: TensorNoise) -> bool:
    """Whether calibration gave it a range so wide that its typical value has few steps."""
    return tensor.operator not in _FIXED_RANGES and tensor.rms < _FINE * tensor.step


def float_list(noises: Sequence[LayerNoise], tensors: Sequence[TensorNoise]) -> tuple[str, ...]:
    """Return what has to be left in float so that the tensors these layers spoil stay float.

    Those are the layers, the ones that pass their ranges on, and all that read them: a layer in
    float between int8 ones still hands its values on in int8.
    """
    spoiling = [name for noise in noises for name in (noise.layer, *noise.imposed_on)]
    reading = [name for tensor in tensors if tensor.layer in spoiling for name in tensor.readers]
    names = dict.fromkeys((*spoiling, *reading))
    return tuple(name for name in names if not name.startswith("input "))


def _source(tensor: TensorNoise, before: Sequence[TensorNoise]) -> int | None:
    """Return which earlier tensor, read by this one's layer, has the same wide channel."""
    for position in reversed(range(len(before))):
        other = before[position]
        is_same = (other.channels, other.widest) == (tensor.channels, tensor.widest)
        if (
            tensor.layer in other.readers
            and is_same
            and min(tensor.spread, other.spread) >= UNEVEN
            and other.magnitude >= _STILL_AS_WIDE * tensor.magnitude
        ):
            return position
    return None
