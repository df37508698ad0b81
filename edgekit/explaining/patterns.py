"""What is known to lose accuracy when it is quantized: small rules, each with its sentence.

A rule looks at the files and at what was measured. It says what it saw and what helps; whether that
is the cause here, the ranking tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.conversion.diagnosis import listed
from edgekit.explaining.layer_noise import TensorNoise
from edgekit.tflite.reader import Model, Operator, constant

_UNEVEN = 16.0
"""With a channel this many times as wide as the middle one, the others have 4 bits or fewer."""

_SPOILED = 0.03
"""Share of the signal lost from which a wide channel is worth a sentence: 15 dB."""

_MASK = 1e4
"""Constants beyond this are masks: no weight or activation of a trained network is so large."""

_MANY_CLASSES = 256
"""Softmax in int8 has 256 values; with as many classes, typical probabilities round to zero."""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Something in the model that is known to suffer.

    Attributes:
        name: Short and stable, such as `swish-squeeze-excite`.
        sentence: What was seen, and what helps.
    """

    name: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the rules look at.

    Attributes:
        true: The float file.
        quantized: The other.
        owners: The layer of each operator of the float file.
        tensors: What was measured.
    """

    true: Model
    quantized: Model
    owners: Sequence[str]
    tensors: Sequence[TensorNoise]

    def operators(self, *names: str) -> Iterator[tuple[Operator, str]]:
        """Yield the float file's operators of some kinds, each with its layer."""
        for op, owner in zip(self.true.main.operators, self.owners, strict=True):
            if op.name in names:
                yield op, owner

    def shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of a tensor of the float file; () if the index says there is none."""
        return self.true.main.tensors[index].shape if index >= 0 else ()


def patterns_in(evidence: Evidence) -> list[Pattern]:
    """Return what is known of the model, in the order of `RULES`."""
    return [
        Pattern(name=name, sentence=sentence)
        for name, rule in RULES.items()
        if (sentence := rule(evidence))
    ]


def _swish_and_gates(evidence: Evidence) -> str:
    """Source: https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html."""
    swishes = [owner for _, owner in evidence.operators("HARD_SWISH")]
    swishes += [owner for op, owner in evidence.operators("MUL") if _is_swish(evidence, op)]
    gates = [owner for op, owner in evidence.operators("MUL") if _is_gate(evidence, op)]
    if not swishes or not gates:
        return ""
    return (
        f"{len(swishes)} swish and {len(gates)} squeeze-and-excite gates (such as in "
        f"{_layers(gates[:2])}): a gate scales every channel by another factor, so one step must "
        "serve very different channels. EfficientNet-Lite left the gates out and took ReLU6 for "
        "that reason; int16x8, or those layers in float, keep the trained model."
    )


def _depthwise_per_tensor(evidence: Evidence) -> str:
    graph = evidence.quantized.main
    coarse = [
        graph.tensors[op.outputs[0]].name
        for op in graph.operators
        if op.name == "DEPTHWISE_CONV_2D"
        and len(graph.tensors[op.inputs[1]].scales) == 1
        and graph.tensors[op.inputs[1]].shape[-1] > 1
    ]
    wide = [
        tensor.layer
        for tensor in evidence.tensors
        if tensor.operator == "DEPTHWISE_CONV_2D"
        and tensor.spread >= _UNEVEN
        and tensor.own >= _SPOILED
    ]
    if coarse:
        return (
            f"{len(coarse)} depthwise convolutions have one scale for the weights of all channels, "
            "whose sizes differ much in trained networks. Convert with a scale for each channel, "
            "as edgekit does."
        )
    if wide:
        return (
            f"The channels that {_layers(wide)} computes differ much in range and share one step: "
            "a depthwise convolution mixes no channels, so nothing evens them out. ReLU6 behind it "
            "bounds them; else keep it and the layer after it in float."
        )
    return ""


def _joined_ranges(evidence: Evidence) -> str:
    graph, joined = evidence.true.main, []
    ranges = {tensor.layer: tensor.magnitude for tensor in evidence.tensors}
    writer = {
        k: owner
        for op, owner in zip(graph.operators, evidence.owners, strict=True)
        for k in op.outputs
    }
    for op, owner in evidence.operators("CONCATENATION", "PACK"):
        sizes = {writer.get(k, ""): ranges.get(writer.get(k, ""), 0.0) for k in op.inputs}
        known = {name: size for name, size in sizes.items() if size > 0}
        if len(known) > 1 and max(known.values()) >= _UNEVEN * min(known.values()):
            small, large = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
            joined.append(
                f"'{owner}' joins '{small}' (up to {known[small]:.3g}) and '{large}' "
                f"(up to {known[large]:.3g})"
            )
    if not joined:
        return ""
    return (
        f"{'; '.join(joined[:3])}: in one tensor they share one step, which the small one is lost "
        "in. Where a model ends in it, --split-outputs makes them outputs of their own; else bring "
        "them to one range before they are joined."
    )


def _masks(evidence: Evidence) -> str:
    found = []
    for op, owner in evidence.operators("ADD", "SUB", "MUL", "SELECT", "SELECT_V2"):
        for k in op.inputs:
            values = constant(evidence.true, evidence.true.main.tensors[k]) if k >= 0 else None
            if values is not None and values.dtype.kind == "f" and values.size:
                largest = float(np.abs(values).max())
                if largest >= _MASK:
                    found.append((owner, largest))
    if not found:
        return ""
    owners = _layers([owner for owner, _ in found])
    return (
        f"{owners} adds or selects a constant of {max(size for _, size in found):.2g}, as masks "
        "of attention do; if it sets a range, nothing else is left of it. Use -30 instead: softmax "
        "makes it zero all the same."
    )


def _many_classes(evidence: Evidence) -> str:
    sizes = [evidence.shape(op.outputs[0])[-1] for op, _ in evidence.operators("SOFTMAX")]
    many = [size for size in sizes if size >= _MANY_CLASSES]
    int8 = any(
        op.name == "SOFTMAX" and evidence.quantized.main.tensors[op.outputs[0]].dtype == "int8"
        for op in evidence.quantized.main.operators
    )
    if not many or not int8:
        return ""
    return (
        f"Softmax over {max(many):,} classes in int8 counts in steps of 1/256: smaller "
        "probabilities are zero and many are equal. Leave the softmax out and compare logits, or "
        "compute it behind the model."
    )


def _uneven_channels(evidence: Evidence) -> str:
    uneven = [t for t in evidence.tensors if t.spread >= _UNEVEN and t.own >= _SPOILED and t.step]
    if not uneven:
        return ""
    worst = max(uneven, key=lambda tensor: tensor.own)
    others = "" if len(uneven) == 1 else f" {len(uneven) - 1} more tensors are like that."
    return (
        f"Channel {worst.widest} of '{worst.layer}' reaches {worst.magnitude:.3g}, "
        f"{worst.spread:,.0f} times the middle one of {worst.channels}; the step is "
        f"{worst.step:.2g}, and {worst.dead} channels are constant.{others} Look whether that "
        "channel is right; if so, scale it down and the weights that read it up."
    )


RULES: dict[str, Callable[[Evidence], str]] = {
    "swish-squeeze-excite": _swish_and_gates,
    "depthwise-ranges": _depthwise_per_tensor,
    "joined-ranges": _joined_ranges,
    "mask-constants": _masks,
    "many-classes": _many_classes,
    "uneven-channels": _uneven_channels,
}


def _is_swish(evidence: Evidence, op: Operator) -> bool:
    """Whether a product is `x * sigmoid(x)`."""
    sides = set(op.inputs)
    return any(
        other.name == "LOGISTIC" and set(other.outputs) & sides and set(other.inputs) & sides
        for other in evidence.true.main.operators
    )


def _is_gate(evidence: Evidence, op: Operator) -> bool:
    """Whether a product scales the channels of a picture by one number each."""
    a, b = (evidence.shape(k) for k in op.inputs[:2])
    flat, picture = sorted((a, b), key=lambda shape: float(np.prod(shape)))
    computed = not any(evidence.true.main.tensors[k].is_constant for k in op.inputs)
    return (
        computed
        and len(flat) == len(picture) == 4
        and flat[1:3] == (1, 1)
        and picture[1:3] != (1, 1)
        and flat[3] == picture[3]
    )


def _layers(names: Iterable[str]) -> str:
    return listed([f"'{name}'" for name in dict.fromkeys(names)])
