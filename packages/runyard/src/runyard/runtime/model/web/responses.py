"""Responses of HTTP/1.1: status, headers, body."""

from __future__ import annotations

import http
import json
from typing import Any, List, Tuple

from runyard.protocol import inference_forms as forms

JSON = "application/json"
OK, NOT_FOUND, NOT_ALLOWED, UNAVAILABLE = 200, 404, 405, 503


class Response:
    """A response.

    Args:
        status: The HTTP status.
        body: Its body.
        kind: The type of that.
        headers: More headers, in order.
    """

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        kind: str = JSON,
        headers: Tuple[Tuple[str, str], ...] = (),
    ) -> None:
        self.status = status
        self.body = body
        self.headers: List[Tuple[str, str]] = [("content-type", kind)] if kind else []
        self.headers += headers

    def encoded(self, *, closes: bool, bare: bool = False) -> bytes:
        """It as it is sent.

        Args:
            closes: Whether the connection ends with it.
            bare: Whether the body is left out, as of a HEAD.
        """
        try:
            phrase = http.HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        lines += [f"{name}: {_one_line(value)}" for name, value in self.headers]
        lines.append(f"content-length: {len(self.body)}")
        if closes:
            lines.append("connection: close")
        head = "\r\n".join((*lines, "", "")).encode("latin-1", "replace")
        return head if bare else head + self.body


def _one_line(value: str) -> str:
    """A header's value: a line of a script's own text must not become two."""
    return value.replace("\r", " ").replace("\n", " ")


def told(value: Any, status: int = OK) -> Response:
    """A response of JSON.

    Args:
        value: JSON values.
        status: The HTTP status.
    """
    return Response(status, json.dumps(value).encode("ascii"))


def refusal(
    protocol: str, status: int, text: str, headers: Tuple[Tuple[str, str], ...] = ()
) -> Response:
    """A refusal in the form of a protocol.

    Args:
        protocol: Of the path that was asked.
        status: The HTTP status.
        text: What happened, and what to do.
        headers: More headers.
    """
    found = told(forms.refusal(protocol, status, text), status)
    found.headers += headers
    return found
