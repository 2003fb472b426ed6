"""A large file in pieces, several on their way at once, given in order.

One connection is seldom as fast as the line: its window is full, or what it brings is waited for
while the last of it is hashed and written. In order, for then what has come is one part of the
file, with which whoever comes after a kill goes on, and its digest is taken as it comes.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Callable, Deque, Iterator, Optional, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Piece = TypeVar("Piece")

# With the number of those on their way the memory that a file takes.
PIECE_BYTES = 4 << 20
AT_ONCE = 4


def in_order(fetch: Callable[[int, int], Piece], begin: int, size: int) -> Iterator[Piece]:
    """Fetch a file from a byte on, some pieces ahead of who takes them.

    Args:
        fetch: Fetches a piece, in a thread: told its first byte, and the byte behind its last one.
        begin: The first byte that is wanted.
        size: Of the whole file, in bytes.
    """
    firsts = range(begin, size, PIECE_BYTES)
    spans = iter([(first, min(first + PIECE_BYTES, size)) for first in firsts])
    threads = pool(AT_ONCE) if len(firsts) > 1 else None
    if threads is None:
        for span in spans:
            yield fetch(*span)
        return
    with threads:
        under_way: Deque[Future[Piece]] = deque()
        try:
            for span in islice(spans, AT_ONCE):
                under_way.append(threads.submit(fetch, *span))
            while under_way:
                piece = under_way.popleft().result()
                # Before it is given away: while it is hashed and written the next one comes.
                under_way.extend(threads.submit(fetch, *span) for span in islice(spans, 1))
                yield piece
        finally:
            # Else leaving the block would wait for those that have not begun, too.
            for each in under_way:
                each.cancel()


def pool(most: int) -> Optional[ThreadPoolExecutor]:
    """Start so many threads; None when the interpreter is ending."""
    try:
        from concurrent.futures import ThreadPoolExecutor

        threads = ThreadPoolExecutor(most)
        # The pool is made without a word: only its first task is refused.
        threads.submit(int).result()
    except RuntimeError:  # at its end the interpreter starts no thread any more
        return None
    return threads
