"""Heads that a client repeats on its connection: parsed once, then known by their bytes.

Most clients send the same head before each body, but for the length of that. What a parser makes of
a head depends on its bytes alone, so what it told of one holds for all that are the same; in those
that differ in the digits of the length, only that is another.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runyard_server.serving.pools import Pool
    from runyard_server.serving.requests import Asked

LENGTH = b"content-length"

_LINE, _END = b"\r\n", b"\r\n\r\n"
_MOST_DIGITS = 12

Headers = list[tuple[bytes, bytes]]


class Repeat:
    """A head that has come, and may come again.

    Args:
        method: The method of its request.
        url: The address.
        headers: All headers, by lower-case name.
        kept: Those that the gateway looks at.
        head: Its bytes.
        place: Where in them the digits of the length begin.

    Attributes:
        route: The deployment that gets each such request, and what it is asked; None: that may be
            another each time.
        generation: Of the endpoint, for which `route` holds.
        bare: Whether no header asks for a line in the answer.
    """

    __slots__ = (
        "_after",
        "_before",
        "_head",
        "_size",
        "_whole",
        "bare",
        "generation",
        "headers",
        "kept",
        "method",
        "route",
        "url",
    )

    def __init__(
        self,
        method: bytes,
        url: bytes,
        headers: Headers,
        kept: dict[bytes, bytes],
        head: bytes,
        place: int,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.kept = kept
        self.route: tuple[Pool, Asked] | None = None
        self.generation = -1
        self.bare = False
        self._head = head
        self._size = len(head)
        self._whole = len(head) + int(kept[LENGTH])
        self._before = head[:place]
        self._after = head[place + len(kept[LENGTH]) :]

    def body(self, data: bytes) -> bytes | None:
        """The body of a request with this head, if that is what came, whole and alone.

        Args:
            data: What came.
        """
        if len(data) == self._whole and data.startswith(self._head):
            return data[self._size :]
        if not data.startswith(self._before):
            return None
        place = len(self._before)
        end = data.find(b"\r", place, place + _MOST_DIGITS)
        digits = data[place : max(end, 0)]
        if not digits.isdigit() or not data.startswith(self._after, end):
            return None
        body = data[end + len(self._after) :]
        if len(body) != int(digits):
            return None
        self._measure(digits)
        return body

    def _measure(self, digits: bytes) -> None:
        """Take another length. Requests that are being answered hold what there was before."""
        self._head = self._before + digits + self._after
        self._size = len(self._head)
        self._whole = self._size + int(digits)
        self.headers = [(k, digits if k == LENGTH else v) for k, v in self.headers]
        self.kept = {**self.kept, LENGTH: digits}


def learn(
    method: bytes, url: bytes, headers: Headers, kept: dict[bytes, bytes], data: bytes
) -> Repeat | None:
    """Take the head of a request to be known again; None: it is not so simple.

    Args:
        method: The request's.
        url: Its address.
        headers: All headers, by lower-case name.
        kept: Those that the gateway looks at.
        data: The request, whole and alone.
    """
    digits = kept.get(LENGTH, b"")
    head, end, body = data.partition(_END)
    lower = head.lower()
    if not digits.isdigit() or len(body) != int(digits) or lower.count(LENGTH) != 1:
        return None
    if any(name in (b"transfer-encoding", b"expect", b"upgrade") for name, _ in headers):
        return None
    line = lower.find(_LINE + LENGTH + b":")
    place = head.find(digits, line) if line >= 0 else -1
    written = head[line + len(_LINE + LENGTH) + 1 : place]
    after = head[place + len(digits) :][:2]
    if place < 0 or written.strip(b" ") or after not in (b"", _LINE):
        return None
    return Repeat(method, url, headers, kept, head + end, place)
