"""How the figures look, and how they become part of the page.

A figure is an SVG inside the page: sharp at any zoom, read out by the `alt` of the picture, with
a title on each point that has something to say.  The same data give the same bytes: no dates, no
random ids, and none of the user's own matplotlib settings.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "INK",
    "MUTED",
    "N_DISTINCT",
    "Entry",
    "Picture",
    "Point",
    "draw",
    "embed",
    "line_entry",
    "line_style",
    "list_labels",
    "marker_entry",
    "marker_style",
    "shorten_name",
]

# Colours that stay apart for the colour-blind (Okabe and Ito, 2008, "Color Universal Design"),
# without the yellow, which is too light on white; then the same again with other line styles.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES = {"-": "none", "--": "7 3", ":": "2 2.5"}
_MARKERS = {
    "o": "M10,6a4,4 0 1,0 8,0a4,4 0 1,0 -8,0Z",
    "s": "M10.5,2.5h7v7h-7Z",
    "^": "M14,1.5l4.5,8h-9Z",
    "D": "M14,1.5l4.5,4.5l-4.5,4.5l-4.5,-4.5Z",
    "v": "M14,10.5l4.5,-8h-9Z",
    "P": "M12.5,2h3v2.5h2.5v3h-2.5v2.5h-3v-2.5h-2.5v-3h2.5Z",
    "X": "M10,4l2,-2l2,2l2,-2l2,2l-2,2l2,2l-2,2l-2,-2l-2,2l-2,-2l2,-2Z",
}
INK = "#1d2733"
MUTED = "#8a8f98"
N_DISTINCT = len(COLOURS)
"""Number of classes that lines and markers can tell apart at a glance."""

_STYLE = {
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "fastgru",
    "text.color": INK,
    "text.parse_math": False,  # a $ in the name of a class is a $
    "xtick.color": "#4a5563",
    "xtick.labelsize": 9,
    "ytick.color": "#4a5563",
    "ytick.labelsize": 9,
}


@dataclass(frozen=True)
class Entry:
    """One line of a legend, which the page sets beside the drawing, where it wraps as text does."""

    label: str
    colour: str
    dashes: str = "none"
    """Pattern of the line as in SVG; empty if there is no line."""
    marker: str = ""
    """Outline of the marker as an SVG path about (14, 6); empty if there is none."""


Point = tuple[float, float, str]
"""A place in the data of a drawing, and what there is to say about it."""


@dataclass(frozen=True)
class Picture:
    """A figure of the page: its title, what it shows in words, the drawing and the legend."""

    title: str
    alt: str
    svg: str
    """The drawing, an ``svg`` element; `embed` makes it part of a page."""
    legend: tuple[Entry, ...] = ()


def line_style(index: int) -> dict[str, Any]:
    """Return colour and line style of a class, the same in all figures."""
    return {
        "color": COLOURS[index % N_DISTINCT],
        "linestyle": tuple(_DASHES)[index // N_DISTINCT % len(_DASHES)],
    }


def line_entry(index: int, label: str) -> Entry:
    """Return the legend of a line drawn with `line_style`."""
    style = line_style(index)
    return Entry(label, style["color"], _DASHES[style["linestyle"]])


def marker_style(index: int) -> dict[str, Any]:
    """Return colour and shape of the markers of a class."""
    return {
        "color": COLOURS[index % N_DISTINCT],
        "marker": tuple(_MARKERS)[index % len(_MARKERS)],
    }


def marker_entry(index: int, label: str) -> Entry:
    """Return the legend of markers drawn with `marker_style`."""
    style = marker_style(index)
    return Entry(label, style["color"], dashes="", marker=_MARKERS[style["marker"]])


def draw(
    title: str,
    alt: str,
    paint: Callable[[Axes], None],
    *,
    legend: Iterable[Entry] = (),
    points: Iterable[Point] = (),
    width: float = 4.6,
    height: float = 3.2,
) -> Picture:
    """Make a picture.

    Parameters
    ----------
    title
        Heading of the picture on the page.
    alt
        What there is to see, for readers who cannot.
    paint
        Called with the empty axes.
    legend
        What the lines or markers stand for.
    points
        Places that say something when they are pointed at.
    width, height
        Size in inches.
    """
    with matplotlib.style.context([_STYLE], after_reset=True), warnings.catch_warnings():
        # The browser has letters that the typeface matplotlib measures with has not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots()
        paint(axes)
        buffer = io.StringIO()
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
        marks = _marks(axes, points, width, height)
    svg = _strip(buffer.getvalue(), f"0 0 {72 * width:g} {72 * height:g}")
    return Picture(title, alt, svg.replace("</svg>", f"{marks}</svg>"), tuple(legend))


def _marks(axes: Axes, points: Iterable[Point], width: float, height: float) -> str:
    """Return an invisible disc with a title for each point that is finite."""
    to_share = axes.transData + axes.figure.transFigure.inverted()
    marks = []
    for x, y, text in points:
        across, up = to_share.transform((x, y)).tolist()
        if 0 <= across <= 1 and 0 <= up <= 1:
            place = f'cx="{72 * width * across:.1f}" cy="{72 * height * (1 - up):.1f}"'
            marks.append(f'<circle {place} r="5"><title>{escape(text)}</title></circle>')
    return f'<g class="points">{"".join(marks)}</g>' if marks else ""


def _strip(svg: str, view: str) -> str:
    """Leave out of a file what an element of a page does not need: prologue, sizes, styles, ids."""
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    inner = svg[svg.index(">", svg.index("<svg")) + 1 :].strip()
    named = set(re.findall(r"#([\w-]+)", inner))

    def simplify(tag: re.Match[str]) -> str:
        kept = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in named else "", tag[0])
        kept = re.sub(r"(\.\d\d)\d+", r"\1", kept)  # a hundredth of a point cannot be seen
        # The typeface is that of the page, which matplotlib's (DejaVu Sans) is wider than.
        return re.sub(r"font-family: [^;\"]*;? ?", "", kept).replace("xlink:href", "href")

    inner = re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]*>", simplify, inner))
    return f'<svg viewBox="{view}">{inner}'


def embed(picture: Picture, number: int) -> str:
    """Return the drawing for a page, its ids made different from those of other pictures.

    Parameters
    ----------
    picture
        What to show.
    number
        Of the picture on the page.
    """
    ids = re.compile(r'((?:id|href)="#?|url\(#)(?=[\w-])')
    svg = re.sub(r"<[^>]*>", lambda tag: ids.sub(rf"\1f{number}-", tag[0]), picture.svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(picture.alt)}"', 1)


def list_labels(legend: Iterable[Entry]) -> str:
    """Return the labels of a legend in one line, for the text of a picture."""
    return ", ".join(entry.label for entry in legend) or "not defined"


def shorten_name(name: str, limit: int = 16) -> str:
    """Cut the middle out of a long name, so that the labels of an axis leave room for the drawing.

    Both ends stay, since names of classes often differ only at one of them.
    """
    if len(name) <= limit:
        return name
    tail = (limit - 1) // 2
    return f"{name[: limit - 1 - tail]}…{name[-tail:]}"
