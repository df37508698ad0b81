"""What is done with what a user gives, before a model sees it: `before` of `bundle.json`.

The programs in `edgekit/on_device/programs/` say what they do; the kinds here are those that a
program in another language has to know. All numbers of a model stand in the bundle, none in an app.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator


@dataclass(frozen=True, kw_only=True)
class CoveredPicture:
    """A picture whose middle fills the network's: what reaches beyond its proportions is cut off.

    Pixels are 0..1. Each new pixel is the mean over its area, exactly, with parts of old pixels at
    its edges. Colours become grey by `grey`; grey becomes three equal colours. At last, `mean` is
    taken off and the rest divided by `std`.

    Attributes:
        input: Name of the network's input, (1, height, width, channels).
        grey: What red, green and blue add to grey.
    """

    kind: Literal["picture"]
    input: str
    fit: Literal["cover"]
    height: int
    width: int
    channels: Literal[1, 3]
    mean: float
    std: float
    grey: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class ScaledTiles:
    """How a large picture is looked at in parts, after it was looked at whole.

    Attributes:
        scales: Sizes of the picture, in sizes of the network's; it is never enlarged.
        margin: Pixels at the edge of a tile in which nothing may have its middle, except at the
            edge of the picture.
    """

    scales: tuple[int, ...]
    margin: int


@dataclass(frozen=True, kw_only=True)
class LetterboxedPicture:
    """A whole picture in the middle of the network's, in its own proportions.

    Its pixels are made as `cover` makes them. What is found lies in the network's picture and has
    to be moved back.

    Attributes:
        fill: What lies around it, 0..1, before `mean` and `std`.
        tiles: How larger pictures are looked at besides; null if they are not. A program that looks
            at the whole picture only should say so.
    """

    kind: Literal["picture"]
    input: str
    fit: Literal["letterbox"]
    height: int
    width: int
    channels: Literal[1, 3]
    mean: float
    std: float
    grey: tuple[float, float, float]
    fill: float
    tiles: ScaledTiles | None


@dataclass(frozen=True, kw_only=True)
class TiledPicture:
    """A picture of any size, cut into overlapping tiles of the network's size.

    Attributes:
        longest: Pixels of the longer side at most; larger pictures are made smaller first, by means
            over areas. Null if all are taken as they are.
        margin: Pixels at the edge of a tile whose answers do not count, except at the edge of the
            picture.
    """

    kind: Literal["picture"]
    input: str
    fit: Literal["tiles"]
    height: int
    width: int
    channels: Literal[1, 3]
    mean: float
    std: float
    grey: tuple[float, float, float]
    longest: int | None
    margin: int


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The middle of a recording as loudness in mel bands, hop after hop.

    A frame is the `window` samples that end with its hop, under a periodic Hann window scaled by
    2 / window; before the first sample is silence. The power of each frequency goes into triangular
    bands whose corners stand evenly on the mel scale, 1127 ln(1 + hertz / 700). A feature is
    10 log10(1 + power / quietest) / decibels.

    Attributes:
        input: Name of the network's input, (1, samples / hop, bands).
        rate: Samples a second, one channel.
        samples: Of a recording; silence around a shorter one.
        window: Samples of a frame.
        hop: Samples from one frame to the next.
        bands: Mel bands.
        quietest: Power of silence.
        decibels: What is 1 in a feature.
    """

    kind: Literal["sound"]
    input: str
    rate: int
    samples: int
    window: int
    hop: int
    bands: int
    lowest_hz: float
    highest_hz: float
    quietest: float
    decibels: float


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text as numbers of its subwords.

    Attributes:
        input: Name of the network's input, (1, length).
        normalize: "words": lower case, what is neither a word nor an exclamation or question mark
            left out, apostrophes dropped.
        subwords: File of the bundle with the merges, most frequent first.
        padding: Number that fills a shorter text at its end.
        too_long: "both_ends": of a longer text the first and the last half of the length.
    """

    kind: Literal["text"]
    input: str
    normalize: Literal["words", "none"]
    subwords: str
    length: int
    padding: int
    too_long: Literal["both_ends"]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Arrays as they are; a program that knows no more can replay the golden vectors."""

    kind: Literal["numbers"]


Picture = Annotated[CoveredPicture | LetterboxedPicture | TiledPicture, Discriminator("fit")]
Before = Annotated[Picture | Sound | Text | Numbers, Discriminator("kind")]
