"""Tables that keep what matters on a narrow terminal, and are whole everywhere else.

Where there is too little room the columns of least worth go first; then the others shrink, the
rightmost first, down to what is still legible. Elsewhere than on a terminal nothing is cut, so that
`grep` and `cut` see whole ids.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from runyard_server.cli import output, texts
from runyard_server.cli.texts import Styled

GAP = 2
# So many letters mostly tell one entry from another.
LEAST = 10
ESSENTIAL = 100
"""The worth of a column that is never left out."""


class Column(NamedTuple):
    """A column.

    Args:
        title: What stands above it.
        right: Whether its cells stand to the right.
        worth: Who goes first where there is little room: the least.
        wanted: The width below which lesser columns are left out for its sake; 0: its own.
        least: The width below which it is never cut, as long as the terminal has it; 0: `LEAST`.
        cut: Shortens a cell to a width.
    """

    title: str
    right: bool = False
    worth: int = ESSENTIAL
    wanted: int = 0
    least: int = 0
    cut: Callable[[str, int], str] = texts.cut


Row = Sequence[str | Styled]


def show(columns: Sequence[Column], rows: Iterable[Row], empty: str | Callable[[], str]) -> None:
    """Print rows under their titles.

    Args:
        columns: The columns.
        rows: The cells, as many as there are columns.
        empty: What to say when there are no rows, or what finds it out; "" says nothing.
    """
    cells = [[_safe(cell) for cell in row] for row in rows]
    if not cells:
        said = empty if isinstance(empty, str) else empty()
        if said:
            # On stderr: whoever reads the table finds no rows, and no sentence among them.
            output.note(said)
        return
    widths = [
        max(len(column.title), *(texts.width(row[place].text) for row in cells))
        for place, column in enumerate(columns)
    ]
    shown = fitted(columns, widths, output.columns())
    output.write(_line([(columns[p], Styled(columns[p].title, "bold"), w) for p, w in shown]))
    for row in cells:
        output.write(_line([(columns[p], row[p], w) for p, w in shown]))


def fitted(
    columns: Sequence[Column], widths: Sequence[int], room: int | None
) -> list[tuple[int, int]]:
    """Choose which columns are shown, and how wide.

    Args:
        columns: The columns.
        widths: What each would take.
        room: What there is; None: as much as they take.

    Returns:
        The places of those that are shown, with their widths.
    """
    if room is None:
        return list(enumerate(widths))
    wanted = {p: min(w, columns[p].wanted or w) for p, w in enumerate(widths)}
    while _total(wanted) > room:
        lesser = [place for place in wanted if columns[place].worth < ESSENTIAL]
        if not lesser or len(wanted) == 1:
            break
        # Of equal worth the rightmost goes first.
        del wanted[min(lesser, key=lambda place: (columns[place].worth, -place))]
    for place in sorted(wanted, reverse=True):
        excess = _total(wanted) - room
        least = min(wanted[place], columns[place].least or LEAST)
        wanted[place] = max(least, wanted[place] - max(0, excess))
    # What a column that went has freed is shared by those that had shrunk.
    for place, width in wanted.items():
        spare = max(0, room - _total(wanted))
        wanted[place] = min(widths[place], width + spare)
    return list(wanted.items())


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _line(cells: Sequence[tuple[Column, Styled, int]]) -> str:
    parts = []
    for column, cell, width in cells:
        text = cell.text if texts.width(cell.text) <= width else column.cut(cell.text, width)
        filling = " " * max(0, width - texts.width(text))
        looks = output.painted(Styled(text, cell.style), sys.stdout)
        parts.append(filling + looks if column.right else looks + filling)
    return (" " * GAP).join(parts).rstrip() + "\n"


def _safe(cell: str | Styled) -> Styled:
    text, style = cell if isinstance(cell, tuple) else (cell, "")
    return Styled(texts.line(text), style)
