"""The values that a file's metadata are read into and written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ENTRY = "TFLITE_METADATA"
"""Name of the entry in a model's list of metadata whose buffer holds them."""

FileKind = Literal[
    "unknown", "descriptions", "axis labels", "value labels", "score calibration", "vocabulary"
]
"""What a packed file is for; in the order of the schema's numbers."""
FILE_KINDS: tuple[str, ...] = get_args(FileKind)

Content = Literal["", "features", "image", "bounding boxes", "audio"]
"""What a tensor holds; in the order of the schema's numbers, "" if it is not said."""
CONTENTS: tuple[str, ...] = get_args(Content)

Colors = Literal["", "rgb", "grey"]
COLORS: tuple[str, ...] = get_args(Colors)


@dataclass(frozen=True, kw_only=True)
class AssociatedFile:
    """A file that is packed behind the model, such as its labels."""

    name: str
    description: str = ""
    kind: str = "unknown"


@dataclass(frozen=True, kw_only=True)
class TensorMetadata:
    """What is said of an input or output; all may be empty.

    Attributes:
        content: One of `CONTENTS`, or a number that the schema known here lacks.
        colors: Of an image: one of `COLORS`.
        mean: Subtracted from what a user gives, such as pixels in 0..255; one value or one for
            each channel.
        std: Then divided by.
        files: Packed files that belong to it.
    """

    name: str = ""
    description: str = ""
    content: str = ""
    colors: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    files: tuple[AssociatedFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a file says of itself; texts may be empty.

    Attributes:
        inputs: Of the main subgraph, in its order.
        outputs: As `inputs`.
        files: Packed files that belong to the model as a whole.
        min_parser_version: Oldest version of the schema that has all that is said.
    """

    name: str = ""
    description: str = ""
    version: str = ""
    author: str = ""
    license: str = ""
    inputs: tuple[TensorMetadata, ...] = ()
    outputs: tuple[TensorMetadata, ...] = ()
    files: tuple[AssociatedFile, ...] = ()
    min_parser_version: str = ""
