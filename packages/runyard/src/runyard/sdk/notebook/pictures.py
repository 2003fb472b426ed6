"""Charts of a card as images: lines of numbers, and spans of time.

Each is `<img src="data:image/svg+xml;base64,…">`: in a notebook that nobody trusts JupyterLab takes
inline SVG out, and leaves images. Names and values come from users and are escaped.
"""

from __future__ import annotations

import base64
import math
from html import escape
from typing import List, NamedTuple, Optional, Sequence, Tuple

# Seen on white and on black alike.
INK, FAINT, LINE = "#7f8792", "#9aa3ad44", "#3b7dd8"
FONT = "font-family='system-ui,sans-serif' font-size='11'"
# Beyond this a plain scale shows nothing but the largest values.
_LOG_FROM = 1000.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 10, 24, 20
_ROW, _NAMES = 20, 170
_MOST_LETTERS = 40

Number = Optional[float]


class Span(NamedTuple):
    """A line of a chart of times: from `begin` to `end`, in seconds since the first."""

    name: str
    begin: float
    end: float
    colour: str


def image(svg: str, width: int, height: int, title: str, widest: int = 0) -> str:
    """An image of an SVG document.

    Args:
        svg: What is inside of the `svg` element.
        width: In pixels.
        height: In pixels.
        title: What it shows, for who cannot see it.
        widest: What is wider is shown smaller; 0: nothing is.
    """
    whole = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' {FONT} fill='{INK}'>{svg}</svg>"
    )
    if widest and width > widest:
        width, height = widest, height * widest // width
    data = base64.b64encode(whole.encode("utf-8", "replace")).decode("ascii")
    return (
        f'<img alt="{escape(title)}" width="{width}" height="{height}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def lines(
    title: str,
    series: Sequence[Tuple[Sequence[float], Sequence[Number]]],
    width: int = 340,
    height: int = 150,
    steps: bool = False,
) -> str:
    """Draw lines over one x axis; the first of them stands out.

    Args:
        title: What the values are.
        series: The x and the y of each; a y that is no finite number is left out.
        width: In pixels.
        height: In pixels.
        steps: Whether a value holds until the next one, as a best value does.

    Returns:
        The image, "" when there is nothing to draw.
    """
    drawn = [_finite(x, y) for x, y in series]
    known = [point for points in drawn for point in points]
    if not known:
        return ""
    values = [y for _, y in known]
    low, high = min(values), max(values)
    # Divided first: of the largest numbers the ratio alone is no number.
    log = low > 0 and low < high / _LOG_FROM
    at_x = _scale(min(x for x, _ in known), max(x for x, _ in known), _LEFT, width - _RIGHT)
    at_y = _scale(low, high, height - _BOTTOM, _TOP, log)
    shapes = [
        text(_LEFT, 14, title, "start", bold=True),
        text(width - _RIGHT, 14, figure(drawn[0][-1][1]) if drawn[0] else "", "end"),
        *_axes(width, height, low, high, known[0][0], max(x for x, _ in known), log),
    ]
    for index in reversed(range(len(drawn))):
        points = [(at_x(x), at_y(y)) for x, y in drawn[index]]
        if steps:
            points = _stairs(points)
        shapes.append(_path(points, LINE if index == 0 else INK, 1.6 if index == 0 else 0.8))
    return image("".join(shapes), width, height, f"{title}: {len(known)} values")


def gantt(spans: Sequence[Span], width: int = 700) -> str:
    """Draw when each began and ended, a line for each, in the order given."""
    if not spans:
        return ""
    last = max([1e-3, *(span.end for span in spans)])
    at = _scale(0.0, last, _NAMES, width - 50)
    shapes = []
    for row, span in enumerate(spans):
        y = row * _ROW
        begin, end = at(span.begin), at(span.end)
        shapes.append(text(_NAMES - 8, y + 14, span.name, "end"))
        shapes.append(
            f"<rect x='{begin:.1f}' y='{y + 4}' width='{max(end - begin, 1.5):.1f}' height='12' "
            f"rx='2' fill='{span.colour}'/>"
        )
        shapes.append(text(end + 5, y + 14, f"{span.end - span.begin:.1f} s", "start"))
    return image("".join(shapes), width, len(spans) * _ROW + 4, f"times of {len(spans)} runs")


def text(x: float, y: float, said: str, anchor: str, bold: bool = False) -> str:
    """A text of an SVG document, shortened to what has a place.

    Args:
        x: Where it begins, has its middle, or ends.
        y: Its base line.
        said: The text.
        anchor: `start`, `middle` or `end`.
        bold: Whether it stands out.
    """
    short = said if len(said) <= _MOST_LETTERS else said[: _MOST_LETTERS - 1] + "…"
    weight = " font-weight='600'" if bold else ""
    clean = "".join(letter if letter.isprintable() else " " for letter in short)
    return f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='{anchor}'{weight}>{escape(clean)}</text>"


def figure(value: float) -> str:
    """A number in at most five digits."""
    return f"{value:.5g}"


def _finite(x: Sequence[float], y: Sequence[Number]) -> List[Tuple[float, float]]:
    return [
        (float(a), float(b))
        for a, b in zip(x, y)
        if b is not None and math.isfinite(b) and math.isfinite(a)
    ]


class _Scale:
    """From a value to a place between two pixels."""

    def __init__(self, low: float, high: float, begin: float, end: float, log: bool) -> None:
        self._log = log
        self._low, high = self._of(low), self._of(high)
        self._span = high / 2 - self._low / 2
        self._begin, self._length = begin, end - begin

    def __call__(self, value: float) -> float:
        # Halved, so that the distance of the largest numbers is none beyond them.
        part = (self._of(value) / 2 - self._low / 2) / self._span if self._span else 0.5
        return self._begin + part * self._length

    def _of(self, value: float) -> float:
        return math.log(value) if self._log else value


def _scale(low: float, high: float, begin: float, end: float, log: bool = False) -> _Scale:
    return _Scale(low, high, begin, end, log)


def _axes(
    width: int, height: int, low: float, high: float, first: float, last: float, log: bool
) -> List[str]:
    bottom = height - _BOTTOM
    grid = "".join(
        f"<path d='M{_LEFT} {y}H{width - _RIGHT}' stroke='{FAINT}'/>" for y in (_TOP, bottom)
    )
    marks = [text(_LEFT - 5, bottom + 3, f"{low:.3g}", "end")]
    if high > low:
        marks.append(text(_LEFT - 5, _TOP + 4, f"{high:.3g}", "end"))
    marks.append(text(_LEFT, height - 5, figure(first), "start"))
    if last > first:
        marks.append(text(width - _RIGHT, height - 5, figure(last), "end"))
    if log:
        marks.append(text(width / 2, height - 5, "log scale", "middle"))
    return [grid, *marks]


def _stairs(points: List[Tuple[float, float]]) -> List[Tuple[float, float]]:
    stairs = points[:1]
    for (_, y), (x, next_y) in zip(points, points[1:]):
        stairs += [(x, y), (x, next_y)]
    return stairs


def _path(points: Sequence[Tuple[float, float]], colour: str, width: float) -> str:
    if not points:
        return ""
    if len(points) == 1:
        return f"<circle cx='{points[0][0]:.1f}' cy='{points[0][1]:.1f}' r='2.5' fill='{colour}'/>"
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline points='{joined}' fill='none' stroke='{colour}' stroke-width='{width}'/>"
