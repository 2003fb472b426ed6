"""Draw a terminal's text as SVG: `terminal_svg.py TITLE <text >picture.svg`.

Lines that begin with `$ ` are commands; colours and bold letters are those of the text's escape
sequences. No fonts or scripts are fetched by the picture.
"""

from __future__ import annotations

import re
import sys
from html import escape

WIDTH, LINE, TOP, LEFT = 880, 19, 52, 20
GREEN, GREY, WHITE = "#7ee787", "#8b949e", "#e6edf3"
LOOKS = {
    "1": 'font-weight="bold"',
    "2": f'fill="{GREY}"',
    "31": 'fill="#ff7b72"',
    "32": f'fill="{GREEN}"',
    "33": 'fill="#e3b341"',
    "34": 'fill="#79c0ff"',
    "35": 'fill="#d2a8ff"',
    "36": 'fill="#76e3ea"',
}


def draw(title: str, lines: list[str]) -> str:
    """The picture of the lines under a title bar."""
    height = TOP + LINE * len(lines) + 14
    dots = "".join(
        f'<circle cx="{22 + 18 * index}" cy="18" r="6" fill="{colour}"/>'
        for index, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    rows = [_row(line, TOP + LINE * index) for index, line in enumerate(lines)]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                f'viewBox="0 0 {WIDTH} {height}">'
            ),
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#0d1117"/>',
            dots,
            (
                f'<text x="{WIDTH // 2}" y="23" text-anchor="middle" fill="{GREY}" '
                f'font-family="sans-serif" font-size="13">{escape(title)}</text>'
            ),
            (
                f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" '
                # Otherwise blanks are folded, of which tables are made.
                f'fill="{WHITE}" xml:space="preserve">'
            ),
            *rows,
            "</g></svg>",
            "",
        ]
    )


def _row(line: str, y: int) -> str:
    colour = WHITE
    if line.startswith("$ ") or re.match(r"(Accuracy|Model) ", line):
        colour = GREEN
    elif line.startswith(("[", "=", "...")):
        colour = GREY
    return f'<text x="{LEFT}" y="{y}" fill="{colour}">{_styled(line)}</text>'


def _styled(line: str) -> str:
    """Turn the terminal's escape sequences into spans."""
    parts, looks = [], ""
    for index, part in enumerate(re.split(r"\x1b\[([0-9;]*)m", line)):
        # What the group has found stands at the odd places.
        if index % 2:
            looks = " ".join(LOOKS[code] for code in part.split(";") if code in LOOKS)
        elif part:
            parts.append(f"<tspan {looks}>{escape(part)}</tspan>" if looks else escape(part))
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(draw(sys.argv[1], sys.stdin.read().splitlines()))
