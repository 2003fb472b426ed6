"""Requests as they are on the wire, and answers read from it."""

import socket

KEY = b"Authorization: Bearer the key\r\n"
JSON = b"Content-Type: application/json\r\n"


def score(body: bytes, more: bytes = b"", path: bytes = b"/score") -> bytes:
    """A request as it is on the wire."""
    length = b"Content-Length: %d\r\n" % len(body)
    head = b"POST %b HTTP/1.1\r\nHost: h\r\n%b%b%b%b\r\n" % (path, KEY, JSON, length, more)
    return head + body


def read(line: socket.socket, answers: int = 1) -> list[tuple[int, bytes]]:
    """So many answers, or all until the end with 0."""
    line.settimeout(20)
    found, data = [], b""
    while not answers or len(found) < answers:
        head, end, rest = data.partition(b"\r\n\r\n")
        size = _length(head)
        if end and len(rest) >= size:
            if not head.startswith(b"HTTP/1.1 100"):
                found.append((int(head[9:12]), rest[:size]))
            data = rest[size:]
            continue
        came = line.recv(1 << 16)
        if not came:
            break
        data += came
    return found


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(x[15:]) for x in lines if x.startswith(b"content-length:")), 0)
