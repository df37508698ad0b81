"""What edgekit says in the metadata of the files that it writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from edgekit.core.recipe import Signature, Tensor
from edgekit.tflite.metadata.values import AssociatedFile, Metadata, TensorMetadata

LABELS = "labels.txt"
_PARSER = "1.0.0"
"""Version of the schema that has all that is said here."""

_RANGE = re.compile(r"(?<![\d.])(-?\d+)\.\.(\d+)(?![\d.])")
"""How the meaning of an input tells its limits: `grey image, 0..1`."""

_WHITE = 255.0
_PIXELS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "0..255": ((0.0,), (1.0,)),
    "0..1": ((0.0,), (_WHITE,)),
    "-1..1": ((_WHITE / 2,), (_WHITE / 2,)),
    "torch": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
"""What pixels of 0..255 become -> what is subtracted, and what is divided by.

`torch` is mean and deviation of ImageNet; for `caffe` colours change places, which the schema
cannot say.
"""
_CHANNELS = {1: "grey", 3: "rgb"}


def described(
    signature: Signature, *, name: str, description: str, pixels: str = ""
) -> tuple[Metadata, dict[str, bytes]]:
    """Return the metadata of a file and the files to pack behind it.

    Args:
        signature: In the order of the file's inputs and outputs. The meaning of an input that is a
            picture tells its limits, as in "grey image, 0..1".
        name: Of the model.
        description: What it is.
        pixels: What pixels of 0..255 become (`edgekit.intake.media`); "" if that is not known.
    """
    labels = signature.labels
    owner = next(
        (t.name for t in signature.outputs if labels and t.shape[-1:] == (len(labels),)), ""
    )
    files = {LABELS: "".join(f"{label}\n" for label in labels).encode()} if labels else {}
    whole = AssociatedFile(name=LABELS, kind="value labels")
    metadata = Metadata(
        name=name,
        description=description,
        inputs=tuple(_input(tensor, pixels) for tensor in signature.inputs),
        outputs=tuple(_output(tensor, tensor.name == owner) for tensor in signature.outputs),
        files=(whole,) if labels and not owner else (),
        min_parser_version=_PARSER,
    )
    return metadata, files


def in_order_of(file: Signature, told: Signature) -> Signature:
    """Return a signature with the order that a file's inputs and outputs have."""

    def ordered(own: tuple[Tensor, ...], tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        named = {tensor.name: tensor for tensor in tensors}
        return tuple(named.get(tensor.name, tensor) for tensor in own)

    return replace(
        told,
        inputs=ordered(file.inputs, told.inputs),
        outputs=ordered(file.outputs, told.outputs),
    )


def _input(tensor: Tensor, pixels: str) -> TensorMetadata:
    is_picture = len(tensor.shape) == 4 and tensor.shape[-1] in _CHANNELS
    told = _RANGE.search(tensor.meaning)
    pixels = pixels or (told[0] if told else "")
    if not is_picture or pixels not in _PIXELS:
        return TensorMetadata(name=tensor.name, description=tensor.meaning)
    mean, std = _PIXELS[pixels]
    return TensorMetadata(
        name=tensor.name,
        description=tensor.meaning,
        content="image",
        colors=_CHANNELS[tensor.shape[-1]],
        mean=mean,
        std=std,
    )


def _output(tensor: Tensor, has_labels: bool) -> TensorMetadata:
    labels = AssociatedFile(name=LABELS, kind="axis labels")
    return TensorMetadata(
        name=tensor.name, description=tensor.meaning, files=(labels,) if has_labels else ()
    )
