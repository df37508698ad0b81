"""Inline SVG by Matplotlib that follows the page: its font, its light or dark colours.

Colours are CSS variables (`--ink`, `--accent`, ...), texts stay texts. Lengths are CSS pixels.
Matplotlib is imported only when something is drawn; nothing of its global state is changed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from edgekit.core.errors import printable

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLOURS: Mapping[str, str] = {
    "ink": "#000001",
    "muted": "#000002",
    "line": "#000003",
    "accent": "#000004",
    "bad": "#000005",
    "surface": "#000006",
}
"""CSS variable -> a colour nobody would choose, drawn first and then replaced by the variable."""

WIDTHS = {"wide": 900.0, "narrow": 340.0}
"""A plot of a page is drawn for wide and for narrow screens; the page shows the one that fits."""

FONT_SIZE = 12.5
_CHARACTER = 0.58 * FONT_SIZE
"""Width of an average character in the widest of the usual sans serif fonts."""
_LONGEST = 26
_PIXELS_PER_INCH = 72  # Matplotlib's SVG is in points; at this resolution one is one pixel

_SURPLUS = (
    (r"<metadata>.*?</metadata>", ""),
    (r'<style type="text/css">.*?</style>', ""),  # would hold for the whole page
    (r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', r'<svg \1 aria-hidden="true">'),
    (r'<g id="[^"]*"', "<g"),  # the same in every figure, and an id may stand once in a page
    (r" ?font-family: [^;]*;", ""),  # the page's font
    (r"\s*\n\s*", " "),
)
"""What Matplotlib writes for files that stand alone -> what an inline element needs."""


class TextStyle(TypedDict, total=False):
    """How a text is written.

    Attributes:
        share: Which of x and y are shares of the axes' width and height, in 0..1; the others are
            data.
        anchor: Which end of the text is at the point.
        dx: Pixels to the right.
        dy: Pixels upwards.
        colour: A key of `COLOURS`.
        weight: "normal" or "bold".
        size: Of the font, in pixels.
    """

    share: Literal["", "x", "xy"]
    anchor: Literal["left", "center", "right"]
    dx: float
    dy: float
    colour: str
    weight: str
    size: float


class LineStyle(TypedDict):
    """How a line is drawn, in Matplotlib's words."""

    color: str
    linestyle: str
    linewidth: float


def missing() -> str:
    """Return "" if plots can be drawn, else the sentence that says how to get them."""
    if importlib.util.find_spec("matplotlib"):
        return ""
    return "Plots need matplotlib: pip install 'edgekit-tflite[build]', then `edgekit report`."


def drawn_twice(plot: Callable[..., str], shown: object) -> dict[str, Markup]:
    """Return width name -> SVG of a plot; empty where there is nothing to draw, or to draw with.

    Args:
        plot: `(shown, *, width) -> str`; its texts are escaped by Matplotlib.
        shown: What it draws.
    """
    from markupsafe import Markup

    if missing():
        return {}
    drawn = {name: plot(shown, width=width) for name, width in WIDTHS.items()}
    return {name: Markup(text) for name, text in drawn.items() if text}


@contextlib.contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure, `width` by `height` pixels; texts are taken as they are, no TeX."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings = {"text.parse_math": False, "svg.fonttype": "none", "font.size": FONT_SIZE}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Glyphs that Matplotlib's own font lacks: the page's font draws them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield Figure(
            figsize=(width / _PIXELS_PER_INCH, height / _PIXELS_PER_INCH), dpi=_PIXELS_PER_INCH
        )


def svg(figure: Figure, name: str) -> str:
    """Return the figure as an `<svg>` element; `name` keeps its ids apart from other figures'."""
    import matplotlib as mpl

    figure.patch.set_visible(False)
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace("xlink:href", "href")
    for pattern, plain in _SURPLUS:
        text = re.sub(pattern, plain, text, flags=re.DOTALL)
    for variable, colour in COLOURS.items():
        text = text.replace(f": {colour}", f": var(--{variable})")
    return text.strip()


def style(axes: Axes, *, grid: str) -> None:
    """Remove the frame and leave a light grid along "x", "y" or "both"."""
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.grid(axis=grid, color=COLOURS["line"], linewidth=1)  # type: ignore[arg-type]
    axes.tick_params(length=0, pad=6, labelcolor=COLOURS["muted"])


def write(axes: Axes, text: str, x: float, y: float, **how: Unpack[TextStyle]) -> None:
    """Write text at a point of the data, or of the axes; long text is cut."""
    coordinates = {"x": axes.get_yaxis_transform(), "xy": axes.transAxes, "": axes.transData}
    axes.annotate(
        short(text),
        (x, y),
        xycoords=coordinates[how.get("share", "")],
        xytext=(how.get("dx", 0.0), how.get("dy", 0.0)),
        textcoords="offset points",
        horizontalalignment=how.get("anchor", "left"),
        verticalalignment="center",
        color=COLOURS[how.get("colour", "muted")],
        fontweight=how.get("weight", "normal"),
        fontsize=how.get("size", FONT_SIZE),
        annotation_clip=False,
        zorder=5,  # above all that is drawn
    )


def short(text: str) -> str:
    """Return a text that fits beside a plot, cut in the middle: names differ at both ends."""
    clean = " ".join(printable(text).split())
    half = _LONGEST // 2
    return clean if len(clean) <= _LONGEST else f"{clean[:half]}…{clean[-half + 1 :]}"


def text_width(text: str) -> float:
    """Estimate the width of a text in pixels, rather too wide than too narrow."""
    return sum(_CHARACTER * (2 if ord(character) > 0x2E80 else 1) for character in short(text))


def value_ticks(axis: Axis, unit: str) -> None:
    """Put ticks of a linear axis at round steps, in as many decimals as tell them apart."""
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(nbins=8, steps=(1, 2, 5, 10))
    axis.set_major_locator(locator)

    def text(value: float, _: object) -> str:
        places = locator.tick_values(*sorted(axis.get_view_interval()))
        step = abs(places[1] - places[0]) if len(places) > 1 else 1.0
        decimals = min(12, max(0, -math.floor(math.log10(step or 1.0) + 1e-9)))
        return short(f"{value:,.{decimals}f} {unit}".rstrip())

    axis.set_major_formatter(text)


def log_ticks(axis: Axis, lowest: float, highest: float, *, width: float) -> None:
    """Put ticks of a logarithmic axis at 1, 2 and 5, or where `width` pixels are few at 1 only."""
    from matplotlib.ticker import LogLocator, NullLocator

    decades = math.log10(highest / lowest)
    roomy = width / (3 * decades) > 4.5 * _CHARACTER
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if roomy else (1,)))
    axis.set_minor_locator(NullLocator())
