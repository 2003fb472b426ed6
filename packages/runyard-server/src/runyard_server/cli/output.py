"""What people and programs see: lines, facts and JSON on standard output, complaints on the other.

Everything that is printed passes through here. A place that cannot be written to (a full disk, a
closed stream) is told once, as `OutputFailed`; a reader that has seen enough (`| head`) is a
`BrokenPipeError`, and is no failure. Colours are for terminals alone.
"""

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from runyard_server.cli.texts import Styled, in_json, multiline, width

CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
NARROWEST, USUAL = 20, 80

Text = str | Styled | list[Styled]


class OutputFailed(Exception):
    """Standard output cannot be written."""


def write(text: str) -> None:
    """Print a text as it is.

    Raises:
        OutputFailed: Standard output takes nothing.
        BrokenPipeError: Nobody reads it any more.
    """
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        # An OSError as well, but of a reader that has seen enough.
        raise
    except OSError as error:
        raise _failed(error) from error


def write_bytes(data: bytes) -> None:
    """Print bytes at once, whatever they mean; see `write`."""
    # What was printed as text waits in a buffer of its own, and came first.
    flush()
    try:
        sys.stdout.buffer.write(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _failed(error) from error
    flush()


def flush() -> None:
    """Send what was printed so far; see `write`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _failed(error) from error


def write_error(text: str) -> None:
    """Print to standard error; where that fails too, nobody is left to be told."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        return


def prepare() -> None:
    """Make the standard streams usable, whatever they were started with.

    A descriptor that was closed would be given to the next file or socket, which would then get
    what is printed. Letters that the terminal's encoding lacks are shown as escapes.
    """
    # Opened for reading: writing then fails, as it should, and is told like a full disk.
    sys.stdout = sys.stdout or _opened(1, os.O_RDONLY)
    sys.stderr = sys.stderr or _opened(2, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def discard() -> None:
    """Drop what could not be printed, so that the interpreter does not try again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def say(text: Text = "") -> None:
    """Print a line."""
    write(f"{painted(text, sys.stdout)}\n")


def note(text: str) -> None:
    """Print a remark to standard error, where it is in nobody's way."""
    write_error(f"{painted(Styled(text, 'dim'), sys.stderr)}\n")


def as_json(value: Any) -> None:
    """Print records as JSON, in the protocol's names."""
    import json

    from runyard.protocol import codec

    write(in_json(json.dumps(codec.to_plain(value), indent=2, ensure_ascii=False)) + "\n")


def facts(pairs: Iterable[tuple[str, Text]]) -> None:
    """Print names and values below one another; pairs without a value are left out."""
    painted_pairs = [(name, painted(value, sys.stdout)) for name, value in pairs]
    shown = [(name, value) for name, value in painted_pairs if value]
    indent = max((width(name) for name, _ in shown), default=0) + 2
    for name, value in shown:
        title = painted(Styled(name, "bold"), sys.stdout)
        lines = f"\n{' ' * indent}".join(value.split("\n"))
        write(f"{title}{' ' * (indent - width(name))}{lines}\n")


def painted(text: Text, stream: TextIO) -> str:
    """Write a text as the stream shows it: safe, and in its colours if there are any."""
    if isinstance(text, list):
        return "".join(painted(part, stream) for part in text)
    plain, style = (text, "") if isinstance(text, str) else text
    safe = multiline(plain)
    if not style or not safe or not has_colours(stream):
        return safe
    codes = ";".join(CODES[word] for word in style.split())
    return f"\x1b[{codes}m{safe}\x1b[0m"


def has_colours(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def columns() -> int | None:
    """The width of the terminal that standard output is; None when it is none."""
    if not sys.stdout.isatty():
        return None
    # Shells do not export it: who does wants it to count.
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return max(NARROWEST, int(given))
    try:
        found = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        found = 0
    # A terminal that does not know its width says 0.
    return max(NARROWEST, found or USUAL)


def _opened(descriptor: int, flags: int) -> TextIO:
    nowhere = os.open(os.devnull, flags)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
    # The number stays taken, whatever becomes of the stream: no socket may get it.
    return os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)


def _failed(error: OSError) -> OutputFailed:
    return OutputFailed(
        f"standard output cannot be written: {error.strerror or error}; what was asked for is done"
    )
