"""Why a process failed: what its interpreter told at its end, else what the end of its log shows.

`startup/sitecustomize.py` writes the first into the run folder. The log is read for programs that
are not Python, and for a Python that ended without a word. An exception in it is the cause only
where it is the last thing said: what was handled, printed and followed by more is none. Where the
interpreter knows of no uncaught exception, it must be the very last line. One a few lines above is
shown with what follows and not blamed: it may be the cause before a hint, or have been handled.
"""

from __future__ import annotations

import os
import re
import signal
from itertools import dropwhile
from typing import List, Optional

from runyard.runtime import moved

# A long message keeps its traceback's head within reach.
TAIL_BYTES = 256 << 10
LINE_CHARACTERS = 1000
LAST_CHARACTERS = 300
# Of the lines behind an exception's first one, those that may still be its text.
TEXT_LINES = 5
EXCEPTION, EXIT = "exception", "exit"
_FIELDS = 4
_PYTHON_FAILED, _NOT_FLUSHED = 1, 120
# An exception's line and the one below it.
_HINTED = 2
# A shell adds this to the number of the signal that has ended its child.
_BY_SIGNAL = 128
_OUT_OF_MEMORY = "; the machine may have run out of memory"
_TRACEBACK = "Traceback (most recent call last):"
_NAME = re.compile(r"[A-Za-z_][\w.]*(?:: .*)?$")
_GROUP = re.compile(r"[A-Za-z_][\w.]*: .* \(\d+ sub-exceptions?\)$")
_GROUP_EDGE = re.compile(r"[\s|+-]*(?:\d+ -+)?")
_SYNTAX = re.compile(r"(?:Syntax|Indentation|Tab)Error: ")
_ATTEMPT = re.compile(r"\[attempt [0-9]+ begins\]")
# Colours and other orders to a terminal, and what else is no text.
_ORDERS = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Told:
    """What an interpreter told at its end.

    Args:
        kind: EXCEPTION; EXIT when the program called `sys.exit`; another for any other end.
        code: The exit code that follows from the first two.
        text: The exception with all that led to it; the text that the exit was given.
        context: The exception that was being handled at an exit.
    """

    def __init__(self, kind: str, code: int, text: str, context: str) -> None:
        self.kind = kind
        self.code = code
        self.text = text
        self.context = context


def read(path: str) -> Optional[Told]:
    """What the interpreter of a process told, None where it told nothing."""
    try:
        with open(path, encoding="ascii") as stream:
            lines = [_value(line.rstrip("\n")) for line in stream]
    except (OSError, ValueError):
        return None
    if len(lines) < _FIELDS or not lines[1].isdigit():
        return None
    return Told(lines[0], int(lines[1]), plain(lines[2]), plain(lines[3]))


def of(status: int, log: str, told: Optional[Told] = None) -> str:
    """How a program failed, as the end of a sentence: `failed with ValueError: bad rate`.

    Args:
        status: Its exit code, not 0; negative: the signal that ended it.
        log: The file with its output.
        told: What its interpreter told.
    """
    if told is not None and told.kind == EXCEPTION:
        # It may also have been killed while it was ending, by what its libraries left.
        return f"failed with {told.text}{_hint(told.text)}"
    if told is not None and told.kind == EXIT and told.code == status:
        context = f" while handling {told.context}" if told.context else ""
        if told.text:
            return f"failed with SystemExit: {told.text}{context}"
        if context:
            return f"{_by_code(status)}{context}"
    said = exception(tail(log), 1 if told else TEXT_LINES) if status == _PYTHON_FAILED else ""
    if said:
        return f"failed with {said}{_hint(said)}"
    if told is not None and status == _PYTHON_FAILED:
        return f"{_by_code(status)}{_last_lines(log, told.kind == EXIT)}"
    return f"{_by_code(status)}{_last_words(log)}" if status > 0 else ""


def plain(text: str) -> str:
    """A text without colours and other orders to a terminal."""
    return _CONTROLS.sub("", _ORDERS.sub("", text))


def tail(log: str) -> List[str]:
    """The last lines of a log as a terminal shows them; none of a former attempt."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [_shown(line) for line in text.rstrip().split("\n")]
    begins = [number for number, line in enumerate(lines, start=1) if _ATTEMPT.fullmatch(line)]
    return lines[begins[-1] :] if begins else lines


def exception(lines: List[str], text_lines: int = TEXT_LINES) -> str:
    """`<Exception>: <text>` if a log ends with a traceback, "" if not.

    Args:
        lines: The last lines of the log.
        text_lines: How many lines may come from the exception's own on, for its text may have some.
    """
    heads = [number for number, line in enumerate(lines) if line.endswith(_TRACEBACK)]
    if not heads:
        return lines[-1] if lines and _SYNTAX.match(lines[-1]) else ""
    head = lines[heads[-1]][: -len(_TRACEBACK)]
    rest = lines[heads[-1] + 1 :]
    if head.endswith("Exception Group "):
        return _group(rest)
    # What starts several processes may put a name before each line: `[rank1]: Traceback …`.
    before = head if head.strip() and all(line.startswith(head) for line in rest) else ""
    rest = [line[len(before) :] for line in rest]
    for place, line in enumerate(rest):
        if line[:1] not in (" ", "\t", "") and _NAME.match(line):
            text = [one for one in rest[place:] if one.strip()]
            return "\n".join(text) if len(text) <= text_lines else ""
    return ""


def _group(lines: List[str]) -> str:
    """A group's own line if its tree is the last of a log."""
    named = [line.lstrip(" |") for line in lines]
    found = [line for line in named if _GROUP.match(line)]
    return found[0] if found and _GROUP_EDGE.fullmatch(lines[-1]) else ""


def _shown(line: str) -> str:
    """What is left to be seen of a line: a bar is redrawn over itself, over and over."""
    pieces = [piece for piece in line.split("\r") if piece]
    shown = plain(pieces[-1]) if pieces else ""
    if len(shown) > LINE_CHARACTERS:
        return f"{shown[: LINE_CHARACTERS // 2]} ... {shown[-LINE_CHARACTERS // 3 :]}"
    return shown


def _last_words(log: str) -> str:
    """The last line of a log as the end of a sentence."""
    lines = tail(log)
    last = lines[-1].strip()[-LAST_CHARACTERS:] if lines else ""
    return f"; the last line of its log is: {last}" if last else ""


def _last_lines(log: str, by_exit: bool) -> str:
    """The lines that may tell why a Python chose exit code 1, as the end of a sentence.

    Args:
        log: The file with its output.
        by_exit: Whether it was by `sys.exit`. The text of a `raise SystemExit(text)` is left in the
            log alone, with nothing to tell where it begins.
    """
    lines = [line for line in tail(log) if line.strip()]
    heads = [number for number, line in enumerate(lines) if line.endswith(_TRACEBACK)]
    rest = lines[heads[-1] + 1 :] if heads else []
    since = list(dropwhile(lambda line: line[0] in " \t" or not _NAME.match(line), rest))
    if heads and len(since) <= TEXT_LINES:
        # Of more lines behind it nobody knows which are the text, and which were work.
        shown = since if by_exit or len(since) == _HINTED else []
    else:
        shown = [] if by_exit else lines[-TEXT_LINES:]
    if len(shown) <= 1:
        return _last_words(log)
    said = "\n".join(line.strip()[-LAST_CHARACTERS:] for line in shown)
    return f"; the last lines of its log are:\n{said}"


def _by_code(status: int) -> str:
    """The exit code, and what it means where others than the program choose it."""
    said = f"failed with exit code {status}"
    if status == _NOT_FLUSHED:
        return f"{said} (Python could not write the rest of its output)"
    try:
        name = signal.Signals(status - _BY_SIGNAL).name
    except ValueError:
        return said
    return f"{said} (as shells tell {name}{_OUT_OF_MEMORY if name == 'SIGKILL' else ''})"


def _hint(said: str) -> str:
    if said.startswith("EOFError: EOF when reading a line"):
        return " (nobody answers input() in a run: pass values as arguments)"
    return moved.hint(said)


def _value(literal: str) -> str:
    """Read a literal of ASCII characters, a text's or a number's."""
    if literal[:1] in ("'", '"'):
        return literal[1:-1].encode("ascii").decode("unicode_escape")
    return literal
