"""The driver's way to the service: JSON by POST, with a token that opens nothing else.

Each thread has a connection of its own, which is kept: a question that the service keeps open must
not hold up what another thread has to tell.
"""

from __future__ import annotations

import json
import threading
import urllib.parse
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any

ANSWER_SECONDS = 30.0


class Refused(Exception):
    """The service answers, and does not want to hear this."""


class Line:
    """A service, as the programs of a site reach it.

    Args:
        url: Where the service listens.
        site: The site's name.
        token: What opens the exchange with the site's backend.
    """

    def __init__(self, url: str, site: str, token: str) -> None:
        self._parts = urllib.parse.urlsplit(url)
        self._path = f"{self._parts.path.rstrip('/')}/api/v1/sites/{site}/exchange"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._kept = threading.local()

    def say(self, content: dict[str, Any], wait: float = 0.0) -> dict[str, Any]:
        """Post something to the backend; give its answer.

        Args:
            content: What is said.
            wait: Seconds that the service may keep the question open until there is news.

        Raises:
            OSError: The service cannot be reached.
            Refused: It does not want to hear this.
        """
        headers = {**self._headers, "Prefer": f"wait={wait:g}"} if wait else self._headers
        body = json.dumps({"content": content}).encode()
        connection = self._connection()
        connection.timeout = ANSWER_SECONDS + wait
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except (HTTPException, OSError) as error:
            connection.close()
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        if response.status != 200:  # noqa: PLR2004 - that is what HTTP calls it
            raise Refused(f"{response.status} {answer[:300].decode('utf-8', 'replace')}")
        found: dict[str, Any] = json.loads(answer)["content"]
        return found

    def _connection(self) -> HTTPConnection:
        kept: HTTPConnection | None = getattr(self._kept, "connection", None)
        if kept is None:
            https = self._parts.scheme == "https"
            kept = (HTTPSConnection if https else HTTPConnection)(self._parts.netloc)
            self._kept.connection = kept
        return kept
