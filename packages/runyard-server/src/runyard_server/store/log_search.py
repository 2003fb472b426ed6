"""Finds texts in large logs: in steps, so that no search keeps others from working.

A regular expression is searched for by a process of its own: one that backtracks for ever holds
the interpreter's lock for ever, and of a process the time can be bounded.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import LogHit, LogHits, LogSearchQuery

# Reading so much takes 2 ms; in between, other threads have their turn.
STEP = 4 << 20
SECONDS = 2.0
_MOST = 1000
_SHOWN = 300
# Beyond the search's own end, for a process that has to be started on a busy machine.
_PATIENCE = 3.0

Find = Callable[[bytes, int], int]


def search(path: Path, query: LogSearchQuery) -> LogHits:
    """Find a text in a file.

    Args:
        path: The file.
        query: What to find, and where to begin.

    Raises:
        InvalidRequest: The regular expression is wrong, or takes too long.
    """
    if not query.regex:
        return _search(path, query, _plain(query))
    try:
        re.compile(query.text.encode("utf-8", "surrogateescape"))
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidRequest(f"this is no regular expression: {error}") from None
    asked = msgspec.json.encode([str(path), query])
    command = [sys.executable, "-P", "-m", __name__]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, timeout=SECONDS + _PATIENCE, check=True
        )
    except subprocess.TimeoutExpired:
        raise InvalidRequest(
            "this expression takes too long: it tries too many ways to match; make it simpler"
        ) from None
    return msgspec.json.decode(done.stdout, type=LogHits)


def _search(path: Path, query: LogSearchQuery, find: Find) -> LogHits:
    limit = max(1, min(query.limit, _MOST))
    end = time.monotonic() + SECONDS
    hits: list[LogHit] = []
    size = path.stat().st_size
    for start, number, block in _blocks(path, query.start, max(1, query.line)):
        if time.monotonic() > end:
            return LogHits(hits, size, start, number)
        at, counted, line = 0, 0, number
        while (found := find(block, at)) >= 0:
            line += block.count(b"\n", counted, found)
            first = block.rfind(b"\n", 0, found) + 1
            counted = found
            last = block.find(b"\n", found)
            last = len(block) if last < 0 else last
            if len(hits) == limit:
                return LogHits(hits, size, start + first, line)
            hits.append(LogHit(start + first, line, _shown(block, first, found, last)))
            at = last + 1
    return LogHits(hits, size)


def _blocks(path: Path, start: int, line: int) -> Iterator[tuple[int, int, bytes]]:
    """Whole lines of a file, some megabytes at a time, with the place and number of the first."""
    with path.open("rb") as file:
        file.seek(max(0, start))
        rest = b""
        while block := file.read(STEP):
            whole = rest + block
            cut = whole.rfind(b"\n") + 1
            if not cut and len(whole) < 2 * STEP:
                rest = whole
                continue
            # A line longer than two steps is cut: it is no text that anybody reads.
            cut = cut or len(whole)
            yield start, line, whole[:cut]
            start += cut
            line += whole.count(b"\n", 0, cut)
            rest = whole[cut:]
        if rest:
            yield start, line, rest


def _plain(query: LogSearchQuery) -> Find:
    wanted = query.text.encode("utf-8", "surrogateescape")
    if query.ignore_case and not query.text.isascii():
        return _regex(re.escape(wanted), ignore_case=True)
    if not query.ignore_case:
        return lambda block, at: block.find(wanted, at)
    small = wanted.lower()
    lowered: list[bytes] = [b"", b""]

    def find(block: bytes, at: int) -> int:
        if lowered[0] is not block:
            lowered[:] = [block, block.lower()]
        return lowered[1].find(small, at)

    return find


def _regex(expression: bytes, *, ignore_case: bool) -> Find:
    compiled = re.compile(expression, re.IGNORECASE if ignore_case else 0)

    def find(block: bytes, at: int) -> int:
        found = compiled.search(block, at)
        return -1 if found is None else found.start()

    return find


def _shown(block: bytes, first: int, found: int, last: int) -> str:
    """The line, or what is around the place."""
    begin = max(first, found - _SHOWN // 3)
    text = block[begin : min(last, begin + _SHOWN)].decode("utf-8", "replace")
    return ("…" if begin > first else "") + text.rstrip("\r")


def _main() -> None:
    path, query = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[str, LogSearchQuery])
    expression = query.text.encode("utf-8", "surrogateescape")
    find = _regex(expression, ignore_case=query.ignore_case)
    sys.stdout.buffer.write(msgspec.json.encode(_search(Path(path), query, find)))


if __name__ == "__main__":
    _main()
