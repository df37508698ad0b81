"""Answers drawn over a picture as inline SVG: boxes, painted areas, skeletons.

The pictures themselves stand once in a page, as symbols that the drawings use.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from edgekit.core.errors import printable
from edgekit.on_device.vision.drawing import COLOURS, colour_of
from edgekit.reporting.seen import Drawn, Picture, without_shares

FEW_BOXES = 5
"""So many boxes have room for captions; colours tell more of them apart."""


def symbols(pictures: tuple[Picture, ...]) -> str:
    """Return an element, itself not shown, that holds the pictures of a page."""
    held = (
        f'<symbol id="picture-{number}" viewBox="0 0 {each.width} {each.height}">'
        f'<image href="{escape(each.data)}" width="{each.width}" height="{each.height}"'
        f"{_squares(each)}/></symbol>"
        for number, each in enumerate(pictures)
    )
    return f'<svg width="0" height="0" aria-hidden="true" class="held">{"".join(held)}</svg>'


def drawn_svg(drawn: Drawn, pictures: tuple[Picture, ...]) -> str:
    """Return a picture with an answer drawn over it, as wide as its place in the page."""
    picture = pictures[drawn.picture]
    width, height = picture.width, picture.height
    inside = "".join(_elements(drawn, picture))
    return f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{inside}</svg>'


def legend(drawn: Drawn) -> list[tuple[str, str]]:
    """Return colour and name of each class of boxes in a drawing, with how many there are."""
    counts: dict[tuple[int, str], int] = {}
    if len(drawn.captions) == len(drawn.boxes):
        for kind, caption in zip(drawn.kinds, drawn.captions, strict=True):
            key = (kind % len(COLOURS), without_shares(caption))
            counts[key] = counts.get(key, 0) + 1
    found = sorted(counts.items())
    return [(_rgb(kind), f"{count} {name}".strip()) for (kind, name), count in found]


def _elements(drawn: Drawn, picture: Picture) -> Iterator[str]:
    width, height = picture.width, picture.height
    line = max(width, height) / 150
    yield f'<use href="#picture-{drawn.picture}" width="{width}" height="{height}"/>'
    if drawn.mask:
        size = f'width="{width}" height="{height}"'
        yield f'<image href="{escape(drawn.mask)}" {size}{_squares(picture)}/>'
    captions = drawn.captions if len(drawn.boxes) <= FEW_BOXES else ()
    for number, (left, top, right, bottom) in enumerate(drawn.boxes):
        colour = _rgb(drawn.kinds[number])
        size = f'width="{abs(right - left):.1f}" height="{abs(bottom - top):.1f}"'
        corner = f'x="{min(left, right):.1f}" y="{min(top, bottom):.1f}"'
        yield f'<rect {corner} {size} fill="none" stroke="{colour}" stroke-width="{line:.2f}"/>'
        if captions:
            yield _caption(captions[number], left, top, colour, picture)
    for number, person in enumerate(drawn.joints):
        yield from _person(person, drawn.bones, _rgb(number), line)


def _caption(text: str, left: float, top: float, colour: str, picture: Picture) -> str:
    size = max(picture.width, picture.height) / 24
    wide = min(len(text) * 0.58 * size + size / 2, picture.width)
    x = max(0.0, min(left, picture.width - wide))
    y = max(0.0, top - 1.25 * size)
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{1.25 * size:.1f}" '
        f'fill="{colour}"/><text x="{x + size / 4:.1f}" y="{y + 0.93 * size:.1f}" '
        f'font-size="{size:.1f}" fill="#000">{escape(printable(text))}</text>'
    )


def _person(
    joints: tuple[tuple[float, float] | None, ...],
    bones: tuple[tuple[int, int], ...],
    colour: str,
    line: float,
) -> Iterator[str]:
    for first, second in bones:
        ends = (joints[first], joints[second])
        if ends[0] and ends[1]:
            (x1, y1), (x2, y2) = ends[0], ends[1]
            yield (
                f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" '
                f'stroke-width="{line:.2f}"/>'
            )
    for joint in joints:
        if joint:
            yield f'<circle cx="{joint[0]}" cy="{joint[1]}" r="{line:.2f}" fill="{colour}"/>'


def _squares(picture: Picture) -> str:
    return ' style="image-rendering: pixelated"' if picture.is_small else ""


def _rgb(kind: int) -> str:
    return "rgb({},{},{})".format(*colour_of(kind))
