"""A picture with what was found in it: boxes, painted areas, skeletons, words; saved by Pillow.

One drawing serves the program on a device, `edgekit run` and the reports.

Source: the colours are those that most colour-blind people tell apart, Okabe and Ito, Color
Universal Design, 2008, https://jfly.uni-koeln.de/color/.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

Colour = Tuple[int, int, int]

COLOURS: Tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (150, 150, 150),
)
"""Of class 0, 1, 2 ...; red, green and blue in 0..255; after the last the first comes again."""

PAINTED = 0.45
"""How much of a painted pixel is its class's colour."""

SMALLEST = 320
"""Pixels of the longer side that a saved drawing has at least; smaller pictures are enlarged by a
whole number, so that every pixel stays a square."""


class Drawing(NamedTuple):
    """A picture and what to draw into it. All positions are in pixels of `picture`.

    Attributes:
        picture: `(height, width, 1 or 3)`, floats in 0..1.
        boxes: `(n, 4)`: left, top, right, bottom.
        captions: A text for each box; none if empty.
        kinds: Class number of each box, which decides its colour; all 0 if empty.
        mask: Class number of each pixel, `(height, width)`, whole numbers; pixels of class 0 stay
            as they are.
        points: Joints of people, `(people, joints, 2 or 3)`: x, y and, if there is a third, the
            confidence; a joint that is NaN or has confidence 0 is left out.
        bones: Pairs of joints that a line joins.
        text: What is written under the picture; it may have several lines.
    """

    picture: Array
    boxes: Optional[Array] = None
    captions: Sequence[str] = ()
    kinds: Sequence[int] = ()
    mask: Optional[Array] = None
    points: Optional[Array] = None
    bones: Sequence[Tuple[int, int]] = ()
    text: str = ""

    def pixels(self) -> Array:
        """Return the picture with its painted areas, `(height, width, 3)`, uint8."""
        picture = np.asarray(self.picture, np.float32)
        picture = picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture
        if self.mask is not None:
            colours = np.array(COLOURS, np.float32)[np.asarray(self.mask, int) % len(COLOURS)] / 255
            share = PAINTED * (np.asarray(self.mask) != 0)[..., np.newaxis]
            picture = (1 - share) * picture + share * colours
        return np.asarray(np.clip(np.nan_to_num(picture) * 255 + 0.5, 0, 255), np.uint8)

    def framed(self) -> Iterator[Tuple[Array, str, Colour]]:
        """Give each box `(4,)` that has finite corners, with its caption and colour."""
        boxes = np.zeros((0, 4)) if self.boxes is None else np.asarray(self.boxes, np.float64)
        for index, box in enumerate(boxes):
            if np.isfinite(box).all():
                caption = self.captions[index] if self.captions else ""
                yield box, caption, colour_of(self.kinds[index] if len(self.kinds) else 0)

    def people(self) -> Iterator[Tuple[Array, Array, Colour]]:
        """Give the joints `(joints, 2)` of each person, which of them were seen, and a colour."""
        people = np.zeros((0, 0, 2)) if self.points is None else np.asarray(self.points, np.float64)
        for index, joints in enumerate(people):
            seen = np.isfinite(joints).all(axis=1)
            if joints.shape[1] == 3:
                seen &= joints[:, 2] > 0
            yield joints[:, :2], seen, colour_of(index)

    def save(self, path: Path | str) -> None:
        """Write the drawing as a picture file; the ending of its name says which kind.

        Raises:
            SystemExit: Pillow is not installed.
            OSError: It cannot be written.
        """
        rendered(self).save(str(path))


def colour_of(kind: int) -> Colour:
    """Return the colour of a class."""
    return COLOURS[int(kind) % len(COLOURS)]


def rendered(drawing: Drawing) -> "Image.Image":
    """Return a drawing as Pillow's image, enlarged where it is small, its text below.

    Raises:
        SystemExit: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise SystemExit(
            "Drawings are made by Pillow, which is not here: pip install pillow."
        ) from (error)
    pixels = drawing.pixels()
    scale = max(1, -(-SMALLEST // max(pixels.shape[:2])))
    enlarged = Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1))
    pen = ImageDraw.Draw(enlarged)
    size = max(12, max(enlarged.size) // 40)
    font, width = _font(size), max(2, max(enlarged.size) // 250)
    for box, caption, colour in drawing.framed():
        _draw_box(pen, box * scale, colour, width)
        if caption:
            _draw_caption(pen, box * scale, caption, colour, font)
    for joints, seen, colour in drawing.people():
        _draw_person(pen, joints * scale, seen, colour, width, drawing.bones)
    return _with_text(enlarged, drawing.text, font, size) if drawing.text else enlarged


def _draw_box(pen: "ImageDraw.ImageDraw", box: Array, colour: Colour, width: int) -> None:
    left, top, right, bottom = (float(edge) for edge in box)
    corners = (min(left, right), min(top, bottom), max(left, right), max(top, bottom))
    pen.rectangle(corners, outline=colour, width=width)


def _draw_caption(
    pen: "ImageDraw.ImageDraw",
    box: Array,
    caption: str,
    colour: Colour,
    font: "ImageFont.ImageFont | ImageFont.FreeTypeFont",
) -> None:
    """Write a caption above a box, or in it where there is no room above."""
    right, bottom = pen.textbbox((0, 0), caption, font=font)[2:]
    height, x = bottom + 2, max(0.0, float(box[0]))
    y = float(box[1]) - height if box[1] >= height else max(0.0, float(box[1]))
    pen.rectangle((x, y, x + right + 4, y + height), fill=colour)
    pen.text((x + 2, y), caption, fill=_ink_on(colour), font=font)


def _draw_person(
    pen: "ImageDraw.ImageDraw",
    joints: Array,
    seen: Array,
    colour: Colour,
    width: int,
    bones: Sequence[Tuple[int, int]],
) -> None:
    for first, second in bones:
        if seen[first] and seen[second]:
            ends = [(float(x), float(y)) for x, y in (joints[first], joints[second])]
            pen.line(ends, fill=colour, width=width)
    for x, y in joints[seen]:
        pen.ellipse((x - width, y - width, x + width, y + width), fill=colour, outline="black")


def _with_text(
    image: "Image.Image",
    text: str,
    font: "ImageFont.ImageFont | ImageFont.FreeTypeFont",
    size: int,
) -> "Image.Image":
    """Return an image with white paper under it that holds a text."""
    from PIL import Image, ImageDraw

    lines = text.splitlines()
    longest = max(ImageDraw.Draw(image).textbbox((0, 0), line, font=font)[2] for line in lines)
    line_height = size * 3 // 2
    wide = max(image.width, int(longest) + 8)
    paper = Image.new("RGB", (wide, image.height + line_height * len(lines) + 8), "white")
    paper.paste(image, (0, 0))
    pen = ImageDraw.Draw(paper)
    for number, line in enumerate(lines):
        pen.text((4, image.height + 4 + number * line_height), line, fill="black", font=font)
    return paper


def _font(size: int) -> "ImageFont.ImageFont | ImageFont.FreeTypeFont":
    from PIL import ImageFont

    try:
        return ImageFont.load_default(size)
    except (TypeError, OSError):  # Pillow before 10.1, or one without FreeType: one small size
        return ImageFont.load_default()


def _ink_on(colour: Colour) -> str:
    """Return black or white, whichever is read better on a colour."""
    red, green, blue = colour
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else "white"
