"""Heads that a client repeats on its connection: parsed once, then known by their bytes.

Most clients send the same head before each body, but for the length of that. What a parser makes of
a head depends on its bytes alone, so what it told of one holds for all that are the same; in those
that differ in the digits of the length, only that is another.
"""

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
    """

    __slots__ = ("_after", "_before", "_digits", "_head", "headers", "kept", "method", "url")

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
        self._head = head
        self._digits = kept[LENGTH]
        self._before = head[:place]
        self._after = head[place + len(self._digits) :]

    def body(self, data: bytes) -> bytes | None:
        """The body of a request with this head, if that is what came, whole and alone.

        Args:
            data: What came.
        """
        head = self._head
        if data.startswith(head) and len(data) == len(head) + int(self._digits):
            return data[len(head) :]
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
        self._digits = digits
        self._head = self._before + digits + self._after
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
