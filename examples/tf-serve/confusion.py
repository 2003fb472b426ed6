"""A confusion matrix: which digits are taken for which, on a terminal and as a picture (SVG)."""

import os
import sys

DIGITS = range(10)
SHADES = " .:-=+*#%@"
CELL = 44
MARGIN = 56
DARK = 0.5
FONT = 'font-family="system-ui, sans-serif" font-size="14"'


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
        """The matrix as a picture."""
        side = MARGIN + CELL * len(DIGITS) + 12
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side + 24}" {FONT}>',
            '<rect width="100%" height="100%" fill="white"/>',
            text(MARGIN + CELL * 5, 20, title, weight="600"),
            text(MARGIN + CELL * 5, side + 14, "seen as"),
            text(16, MARGIN + CELL * 5, "shown", turned=True),
        ]
        for shown in DIGITS:
            middle = MARGIN + CELL * shown + CELL / 2
            parts += [text(middle, MARGIN - 8, shown), text(MARGIN - 14, middle + 5, shown)]
            parts += [cell(shown, seen, self.counts[shown]) for seen in DIGITS]
        return "\n".join([*parts, "</svg>", ""])


def cell(shown, seen, row):
    """A cell of the picture: blue on the diagonal, red beside it."""
    count, share = row[seen], row[seen] / max(1, sum(row))
    left, top = MARGIN + CELL * seen, MARGIN + CELL * shown
    # A few wrong ones should be seen, too.
    strength = share if shown == seen else min(1.0, share * 12)
    colour = "#1f6feb" if shown == seen else "#d1242f"
    box = (
        f'<rect x="{left}" y="{top}" width="{CELL - 1}" height="{CELL - 1}" rx="4" '
        f'fill="{colour}" fill-opacity="{strength:.3f}" stroke="#d0d7de"/>'
    )
    ink = "white" if strength > DARK else "#57606a"
    words = text(left + CELL / 2, top + CELL / 2 + 5, count, fill=ink) if count else ""
    return box + words


def text(left, top, words, fill="#24292f", weight="400", turned=False):
    """A text of the picture, in the middle of its place."""
    turn = f' transform="rotate(-90 {left} {top})"' if turned else ""
    return (
        f'<text x="{left:g}" y="{top:g}" text-anchor="middle" fill="{fill}" '
        f'font-weight="{weight}"{turn}>{words}</text>'
    )


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
