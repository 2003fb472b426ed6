"""What people and programs see: tables and colours on a terminal, plain lines elsewhere, JSON.

Tables are never cut when the output is not a terminal, so that `grep` and `cut` see whole ids.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runyard.protocol import codec, errors

PIPE_WIDTH = 10_000
THOUSAND = 1000
MINUTE, HOUR = 60, 3600
COLOURS = {
    "Completed": "green",
    "Failed": "red",
    "Canceled": "yellow",
    "CancelRequested": "yellow",
    "Running": "cyan",
    "Finalizing": "cyan",
    "Preparing": "blue",
    "Starting": "blue",
    "Queued": "magenta",
}
EXITS: tuple[tuple[type[errors.RunyardError], int], ...] = (
    (errors.InvalidRequest, 2),
    (errors.NotFound, 3),
    (errors.Unauthenticated, 4),
    (errors.Forbidden, 4),
    (errors.TemporaryError, 5),
)


def console(*, stderr: bool = False) -> Console:
    """Give a console for the stream as it is now; wide and without colours if not a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=width is not None)


def say(text: str) -> None:
    """Print a line as it is."""
    console().print(Text(text))


def as_json(value: Any) -> None:
    """Print records as JSON, in the protocol's names."""
    json.dump(codec.to_plain(value), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], empty: str) -> None:
    """Print rows under their titles; columns whose title begins with `>` stand to the right.

    Args:
        columns: The titles.
        rows: The cells, as many as there are titles.
        empty: What to say when there are no rows.
    """
    shown = list(rows)
    if not shown:
        console(stderr=True).print(Text(empty, style="dim"))
        return
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    # On a narrow terminal the first column, which holds the ids, is the last to be cut.
    longest = max(len(row[0]) for row in shown)
    for number, title in enumerate(columns):
        grid.add_column(
            title.lstrip(">"),
            justify="right" if title.startswith(">") else "left",
            no_wrap=True,
            min_width=longest if number == 0 else None,
        )
    for row in shown:
        grid.add_row(*row)
    _print(grid)


def facts(pairs: Iterable[tuple[str, str | Text]]) -> None:
    """Print names and values below one another; pairs without a value are left out."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            grid.add_row(name, value)
    _print(grid)


def _print(grid: Table) -> None:
    """Print a table without the blanks that fill its last column."""
    target = console()
    with target.capture() as captured:
        target.print(grid)
    lines = captured.get().splitlines()
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))


def status(text: str) -> Text:
    """Give a run's status in its colour."""
    return Text(text, style=COLOURS.get(text, ""))


def size(count: int) -> str:
    """Give a number of bytes as people read it: 940 B, 1.2 MB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < THOUSAND:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= THOUSAND
    return f"{value:.1f} TB"


def seconds(value: float) -> str:
    """Give a duration as people read it: 0.4 s, 3 min 20 s, 2 h 5 min."""
    if value < MINUTE:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), MINUTE)
    if minutes < HOUR // MINUTE:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, HOUR // MINUTE)
    return f"{hours} h {minutes} min"


def moment(text: str | None) -> datetime | None:
    """Read a time of the wire (ISO 8601, UTC)."""
    return datetime.fromisoformat(text) if text else None


def ago(text: str | None) -> str:
    """Give how long ago a time of the wire was."""
    when = moment(text)
    if when is None:
        return ""
    return f"{seconds(max(0.0, (datetime.now(UTC) - when).total_seconds()))} ago"


def between(start: str | None, end: str | None) -> str:
    """Give the time from start to end, or until now while there is no end."""
    begun, ended = moment(start), moment(end)
    if begun is None:
        return ""
    return seconds(((ended or datetime.now(UTC)) - begun).total_seconds())


def exit_status(error: errors.RunyardError) -> int:
    """Give the exit status that stands for an error."""
    return next((code for kind, code in EXITS if isinstance(error, kind)), 1)


def complain(error: errors.RunyardError, *, json_wanted: bool) -> None:
    """Say on stderr what went wrong: for people, or as the wire has it."""
    if json_wanted:
        sys.stderr.write(json.dumps(errors.to_wire(error)) + "\n")
        return
    line = Text("error: ", style="bold red")
    line.append(error.message, style="not bold default")
    console(stderr=True).print(line)
