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
