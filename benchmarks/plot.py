"""Bars on a logarithmic axis as SVG, with the spread as a line; no library needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP, ROW = 860, 330, 90, 46, 30
COLOURS = {"ours": "#2563eb", "peer": "#9ca3af", "limit": "#16a34a"}
LEGEND = (("ours", "Runyard"), ("limit", "the machine's limit"), ("peer", "others"))


@dataclass(frozen=True)
class Bar:
    """One bar: a name, the median with its spread, and the kind that gives the colour."""

    name: str
    median: float
    lowest: float
    highest: float
    kind: str


def number(value: float) -> str:
    """Three digits that matter, never an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def bars(title: str, unit: str, rows: list[Bar]) -> str:
    """Draw the bars; the axis is logarithmic, so equal distances are equal ratios."""
    height = TOP + ROW * len(rows) + 40
    low = math.floor(math.log10(min(row.lowest for row in rows)))
    high = math.ceil(math.log10(max(row.highest for row in rows)))
    scale = _Scale(low, max(high, low + 1))
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_legend(),
        *_axis(scale, len(rows), unit),
    ]
    for index, row in enumerate(rows):
        parts += _bar(row, TOP + ROW * index, scale, unit)
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True)
class _Scale:
    low: int
    high: int

    def x(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _axis(scale: _Scale, rows: int, unit: str) -> list[str]:
    bottom = TOP + ROW * rows
    parts = []
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        parts.append(f'<line x1="{x}" y1="{TOP - 4}" x2="{x}" y2="{bottom}" stroke="#e5e7eb"/>')
        label = f"{10.0**power:g} {unit}"
        parts.append(
            f'<text x="{x}" y="{bottom + 18}" text-anchor="middle" fill="#6b7280">{label}</text>'
        )
    return parts


def _bar(row: Bar, top: int, scale: _Scale, unit: str) -> list[str]:
    middle, start, end = top + ROW // 2, LEFT, scale.x(row.median)
    whisker = (
        f'<line x1="{scale.x(row.lowest)}" y1="{middle}" x2="{scale.x(row.highest)}" '
        f'y2="{middle}" stroke="#111827" stroke-width="1.5"/>'
    )
    text_x = max(end, scale.x(row.highest)) + 6
    width = f"{max(end - start, 1):.1f}"
    return [
        f'<text x="{LEFT - 10}" y="{middle + 4}" text-anchor="end">{escape(row.name)}</text>',
        (
            f'<rect x="{start}" y="{top + 5}" width="{width}" height="{ROW - 10}" '
            f'rx="2" fill="{COLOURS[row.kind]}"/>'
        ),
        whisker,
        f'<text x="{text_x}" y="{middle + 4}">{number(row.median)} {unit}</text>',
    ]


def _legend() -> list[str]:
    parts, x = [], 470
    for kind, label in LEGEND:
        parts.append(f'<rect x="{x}" y="15" width="12" height="12" fill="{COLOURS[kind]}"/>')
        parts.append(f'<text x="{x + 17}" y="26">{label}</text>')
        x += 30 + 8 * len(label)
    return parts


@dataclass(frozen=True)
class Line:
    """One line: a name, its points by rising x, and whether they were measured or are expected."""

    name: str
    points: list[tuple[float, float]]
    colour: str
    expected: bool = False


def lines(title: str, across: str, unit: str, rows: list[Line]) -> str:
    """Draw lines; both axes are logarithmic, so what grows in step is a straight slope."""
    xs, ys = (_span([point[axis] for row in rows for point in row.points]) for axis in (0, 1))
    height = 360
    plane = _Plane(xs, ys, height)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *plane.grid(across, unit),
    ]
    for row in rows:
        parts += plane.line(row)
    return "\n".join([*parts, "</svg>", ""])


def _span(values: list[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)))
    return low, max(math.ceil(math.log10(max(values))), low + 1)


@dataclass(frozen=True)
class _Plane:
    """Two logarithmic axes, by their powers of ten, and room for names at the right."""

    xs: tuple[int, int]
    ys: tuple[int, int]
    height: int
    left: int = 80
    right: int = 230
    top: int = 46
    bottom: int = 46

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - self.xs[0]) / (self.xs[1] - self.xs[0])
        up = (math.log10(y) - self.ys[0]) / (self.ys[1] - self.ys[0])
        wide, high = WIDTH - self.left - self.right, self.height - self.top - self.bottom
        return round(self.left + across * wide, 1), round(self.height - self.bottom - up * high, 1)

    def grid(self, across: str, unit: str) -> list[str]:
        parts = []
        for power in range(self.xs[0], self.xs[1] + 1):
            (x, low), (_, high) = (self.at(10.0**power, 10.0**end) for end in self.ys)
            parts.append(f'<line x1="{x}" y1="{low}" x2="{x}" y2="{high}" stroke="#e5e7eb"/>')
            parts.append(_label(x, low + 18, "middle", f"{10**power:,}"))
        for power in range(self.ys[0], self.ys[1] + 1):
            (low, y), (high, _) = (self.at(10.0**end, 10.0**power) for end in self.xs)
            parts.append(f'<line x1="{low}" y1="{y}" x2="{high}" y2="{y}" stroke="#e5e7eb"/>')
            parts.append(_label(low - 6, y + 4, "end", f"{10.0**power:g} {unit}"))
        middle = (self.left + WIDTH - self.right) / 2
        return [*parts, _label(middle, self.height - 8, "middle", across)]

    def line(self, row: Line) -> list[str]:
        points = [self.at(x, y) for x, y in row.points]
        path = " ".join(f"{x},{y}" for x, y in points)
        stroke = f'stroke="{row.colour}" stroke-width="2"'
        stroke += ' stroke-dasharray="5 5"' if row.expected else ""
        x, y = points[-1]
        return [
            f'<polyline points="{path}" fill="none" {stroke}/>',
            *(f'<circle cx="{a}" cy="{b}" r="3" fill="{row.colour}"/>' for a, b in points),
            _label(x + 8, y + 4, "start", row.name, row.colour),
        ]


def _label(x: float, y: float, anchor: str, text: str, colour: str = "#6b7280") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
