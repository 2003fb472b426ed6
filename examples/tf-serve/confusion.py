"""A confusion matrix: which digits are taken for which, on a terminal and as a picture (SVG)."""

import os
import sys

DIGITS = range(10)
SHADES = " .:-=+*#%@"
CELL = 44
LEFT, TOP, RIGHT, BELOW = 64, 84, 72, 16
DARK = 0.7
# Whoever looks at it may have a dark page: the picture has no ground of its own, and its inks turn.
STYLE = """<style>
text { font: 14px system-ui, sans-serif; text-anchor: middle; fill: #24292f }
.title { font-weight: 600; font-size: 16px; text-anchor: start }
.axis { fill: #57606a }
.on { fill: #fff }
rect { stroke: #8c959f; stroke-opacity: .35 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .axis { fill: #9198a1 }
}
</style>"""


class Confusion:
    """Counts what was shown and what was seen."""

    def __init__(self):
        self.counts = [[0] * len(DIGITS) for _ in DIGITS]

    def add(self, shown, seen):
        """Count an image of the digit `shown` that was taken for `seen`."""
        self.counts[shown][seen] += 1

    @property
    def accuracy(self):
        """The share of images that were recognised."""
        return sum(self.counts[n][n] for n in DIGITS) / max(1, sum(map(sum, self.counts)))

    def rows(self):
        """For each digit: images, recognised, the share of that, what it was taken for most."""
        for digit in DIGITS:
            row = self.counts[digit]
            wrong = [(count, seen) for seen, count in enumerate(row) if seen != digit and count]
            often = ", ".join(
                f"{seen} ({count})" for count, seen in sorted(wrong, reverse=True)[:2]
            )
            yield digit, sum(row), row[digit], row[digit] / max(1, sum(row)), often

    def text(self):
        """The matrix for a terminal: shown down, seen across; the darker, the more images."""
        lines = ["shown  " + "".join(f"{digit:>5}" for digit in DIGITS) + "   seen"]
        for digit in DIGITS:
            row = self.counts[digit]
            cells = "".join(f"{shade(count, max(row)):>2}{count or '·':>3}" for count in row)
            lines.append(f"{digit:>5}  {cells}")
        return "\n".join(lines)

    def svg(self, title):
        """The matrix as a picture; beside each row the share that was recognised."""
        side = CELL * len(DIGITS)
        wide, high = LEFT + side + RIGHT, TOP + side + BELOW
        size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            STYLE,
            text(LEFT, 26, title, "title"),
            text(LEFT + side / 2, 54, "seen as", "axis"),
            text(18, TOP + side / 2, "shown", "axis", turned=True),
            text(LEFT + side + RIGHT / 2, TOP - 10, "right", "axis"),
        ]
        for shown, _, _, share, _ in self.rows():
            middle = TOP + CELL * (shown + 0.5) + 5
            parts += [text(LEFT + CELL * (shown + 0.5), TOP - 10, shown)]
            parts += [text(LEFT - 18, middle, shown)]
            parts += [cell(shown, seen, self.counts[shown]) for seen in DIGITS]
            parts += [text(LEFT + side + RIGHT / 2, middle, f"{share:.0%}", "axis")]
        return "\n".join([*parts, "</svg>", ""])


def cell(shown, seen, row):
    """A cell of the picture: blue on the diagonal, red beside it."""
    count, share = row[seen], row[seen] / max(1, sum(row))
    left, top = LEFT + CELL * seen, TOP + CELL * shown
    # A single wrong one should be seen, too.
    strength = share if shown == seen else min(1.0, 0.12 + share * 12) if count else 0
    colour = "#0969da" if shown == seen else "#d1242f"
    box = (
        f'<rect x="{left}" y="{top}" width="{CELL - 2}" height="{CELL - 2}" rx="5" '
        f'fill="{colour}" fill-opacity="{strength:.3f}"/>'
    )
    kind = "on" if strength > DARK else ""
    return box + (text(left + CELL / 2 - 1, top + CELL / 2 + 4, count, kind) if count else "")


def text(left, top, words, kind="", turned=False):
    """A text of the picture, in the middle of its place."""
    turn = f' transform="rotate(-90 {left:g} {top:g})"' if turned else ""
    of = f' class="{kind}"' if kind else ""
    return f'<text x="{left:g}" y="{top:g}"{of}{turn}>{words}</text>'


def shade(count, largest):
    """A letter that is the darker, the larger the count."""
    blocks = " ░▒▓█" if can_write("░▒▓█") else SHADES
    place = count * (len(blocks) - 1) / max(1, largest)
    return blocks[max(1 if count else 0, int(place))]


def can_write(letters):
    """Whether the terminal has these letters."""
    try:
        letters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def save(path, picture):
    """Write the picture; its path as it is typed from here."""
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(picture)
    return min(path, os.path.relpath(path), key=len)
