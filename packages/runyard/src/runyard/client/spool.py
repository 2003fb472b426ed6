"""What `run.log` writes: one line per call into a file of the run's folder, and nothing else.

A writer is one process: `<spool folder>/<process id>-<8 hex>.jsonl`. A line is one `write` to a
file opened for appending, so threads need no lock and a killed process loses nothing it logged.
After a fork the child gets a file of its own. The lines are those of `protocol.metrics`; their
number is their place in the file.

The file is the process's as long as it holds a shared lock on it: who gets the file for itself
knows that the writer has ended, on whatever machine it was.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from json.encoder import encode_basestring_ascii as quote
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from runyard.client import callers
from runyard.client.own_file import OwnFile
from runyard.client.private import make_folder
from runyard.protocol import escapes

SUFFIX = ".jsonl"
# Beside the lines: what a block of an interactive run prints, and its name in the run.
USER_LOG = "user_log.txt"
USER_LOG_PATH = "logs/user_log.txt"
LARGEST_LINE = 64 << 20
INFINITE = (float("inf"), float("-inf"))

# In a list, so that a forked child can put another one in.
_opening = [threading.Lock()]


def _new_lock() -> None:
    _opening[0] = threading.Lock()


# A thread of the parent may have held the lock when the process forked.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


class LineTooLong(ValueError):
    """What was logged at once is more than the service takes."""


class Spool:
    """A process's lines in a spool folder.

    Args:
        folder: The folder; it is made with the first line.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._process = -1
        self._file: Optional[OwnFile] = None
        self._path: Optional[Path] = None
        self._heads: Dict[str, str] = {}

    @property
    def writer(self) -> str:
        """This process's writer name; "" before its first line."""
        own = self._path is not None and self._process == os.getpid()
        return self._path.name[: -len(SUFFIX)] if own and self._path is not None else ""

    def scalar(self, name: str, value: Any, step: Optional[int] = None) -> None:
        """Append a number, text, boolean or None; the shortest way, for it is called in loops.

        Args:
            name: The metric.
            value: A number, text, boolean or None.
            step: The step that it belongs to, None for none.
        """
        kind = type(value)
        if kind is float:
            if value != value or value in INFINITE:  # noqa: PLR0124 - the quickest test for NaN
                self._finish(name, f'"{_special(value)}"', step, ',"x":1')
                return
            text = repr(value)
        elif kind is int:
            text = repr(value)
        elif kind is str:
            text = quote(value)
            # Only escapes \ud800 to \udfff can be halves of a pair: this looks for them at no cost.
            if "\\ud" in text and not escapes.is_plain(value):
                text = _json(escapes.escape(value))
        else:
            text = {True: "true", False: "false", None: "null"}[value]
        self._finish(name, text, step, "")

    def append(self, name: str, kind: str, value: Any, step: Optional[int] = None) -> None:
        """Append a line of any kind; `value` is JSON.

        Args:
            name: The metric.
            kind: One of `protocol.metrics.KINDS`.
            value: Any JSON.
            step: The step that it belongs to, None for none.
        """
        text = _json(_plain(value))
        shown = "null" if step is None else repr(step)
        self.write(
            f'{{"n":{_quoted_name(name)},"k":"{kind}","v":{text},"s":{shown},'
            f'"t":{time.time_ns() // 1000}}}\n'.encode("ascii")
        )

    def write(self, line: bytes) -> None:
        """Append one line; it ends in a newline.

        Raises:
            LineTooLong: The service would not take it.
        """
        if len(line) > LARGEST_LINE:
            raise LineTooLong(
                f"{len(line) >> 20} MiB cannot be logged at once: {LARGEST_LINE >> 20} MiB are the "
                "limit; log it in parts, or write a file and use upload_file"
            )
        file = self._file
        # Not into the parent's file after a fork: lines are numbered per writer.
        if file is None or self._process != os.getpid():
            file = self._open()
        try:
            file.write(line)
        except FileNotFoundError:
            # Its descriptor was closed by somebody, and the file taken for a dead process's.
            if self._file is file:
                self._file = None
            self._open().write(line)

    def close(self) -> None:
        """Close this process's file; a later line goes into a new one."""
        if self._file is not None and self._process == os.getpid():
            self._file.close()
            self._process, self._file, self._path = -1, None, None

    def mark(self) -> Tuple[str, int]:
        """This process's writer, and how many lines it has written."""
        if not self.writer or self._path is None:
            return "", 0
        with self._path.open("rb") as file:
            return self.writer, sum(
                block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")
            )

    def _finish(self, name: str, text: str, step: Optional[int], more: str) -> None:
        # Quoting a name takes longer than all the rest of the line, and names come again.
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = f'{{"n":{_quoted_name(name)},"k":"scalar","v":'
        shown = "null" if step is None else repr(step)
        self.write(
            f'{head}{text},"s":{shown},"t":{time.time_ns() // 1000}{more}}}\n'.encode("ascii")
        )

    def _open(self) -> OwnFile:
        with _opening[0]:
            if self._file is None or self._process != os.getpid():
                self._create()
            assert self._file is not None
            return self._file

    def _create(self) -> None:
        make_folder(self.folder)
        path = self.folder / f"{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
        self._file = OwnFile(path, new=True)
        self._path = path
        self._process = os.getpid()  # last: from here on other threads write


def _special(value: float) -> str:
    if value != value:  # noqa: PLR0124 - the quickest test for NaN
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _plain(value: Any) -> Any:
    """Replace numbers that JSON lacks by their names, and texts it cannot carry, at any depth."""
    if isinstance(value, float) and (value != value or value in INFINITE):  # noqa: PLR0124 - NaN
        return _special(value)
    if isinstance(value, str):
        bare = value not in escapes.NAMES and escapes.is_plain(value)
        return value if bare else escapes.escape(value)
    if isinstance(value, dict):
        return {_plain_name(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _json(value: Any) -> str:
    import json

    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _quoted_name(name: str) -> str:
    return quote(_plain_name(name))


def _plain_name(name: str) -> str:
    """Write out what JSON cannot carry of a metric's or a column's name, and say so."""
    plain = escapes.printable(name)
    if plain != name:
        callers.warn(
            f"the name {plain!r} holds half of a surrogate pair (from a file name that is no "
            "UTF-8, or a cut emoji), which no service can keep: it is written out so"
        )
    return plain


def writers(folder: Path) -> List[Path]:
    """The files of a spool folder, oldest first."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for entry in folder.iterdir():
            if entry.name.endswith(SUFFIX):
                with contextlib.suppress(FileNotFoundError):  # brought and removed by another
                    found.append((entry.stat().st_mtime_ns, entry.name, entry))
    return [entry for _, _, entry in sorted(found)]
