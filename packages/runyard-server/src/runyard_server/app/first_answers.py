"""Answers what clients ask first, from what is known before the service is loaded.

That is which service this is, and which workspaces there are: while the service loads nobody can
change them. Only plain, good questions are answered. What is not one, from a wrong token to an
unknown workspace, is for the loaded service, so that there is one place that refuses. Which
service this is needs neither OpenSSL nor records, so both are loaded after the door is open.
"""

import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from runyard.protocol import PREFIX
from runyard.protocol.errors import Unauthenticated
from runyard.protocol.service import About
from runyard_server.core.settings import LOOPBACK
from runyard_server.store.home import Home

if TYPE_CHECKING:
    from runyard.protocol.workspaces import WorkspacePage, WorkspaceRecord

# What surely fits into a socket's buffer: nobody waits here for a client to read.
LARGEST_ANSWER = 1 << 15
LARGEST_PAGE_DIGITS = 4
_ABOUT = f"{PREFIX}/about"
_WORKSPACES = f"{PREFIX}/workspaces"
_CHOSEN = frozenset({"name", "subscription_id", "resource_group"})
# With a body the head alone is not the request; a web page's is for the gate to judge.
_NOT_PLAIN = frozenset({"origin", "content-length", "transfer-encoding", "expect", "upgrade"})


class Answer(NamedTuple):
    """The body of an answer, and whether who asked has shown a good token."""

    body: bytes
    known: bool


class FirstAnswers:
    """What can be answered before the service is loaded.

    Args:
        about: Which service this is.
        secret: The service's secret.
    """

    def __init__(self, about: About, secret: bytes) -> None:
        self._about = about
        self._secret = secret
        self._workspaces: list[WorkspaceRecord] = []
        self._told = threading.Event()

    def tell(self, workspaces: "list[WorkspaceRecord] | None") -> None:
        """Learn which workspaces there are; who asks for them waits until then.

        Args:
            workspaces: All, by name; None where only the loaded service can tell.
        """
        self._workspaces = workspaces or []
        self._told.set()

    def to(self, head: bytes) -> Answer | None:
        """Answer a request by its head, without the empty line; None leaves it to the service."""
        line, *rest = head.decode("latin-1").split("\r\n")
        headers = _headers(rest)
        if headers is None or not _is_local(headers) or headers.keys() & _NOT_PLAIN:
            return None
        method, _, target = line.removesuffix(" HTTP/1.1").partition(" ")
        if method != "GET" or not line.endswith(" HTTP/1.1"):
            return None
        found = self._about if target == _ABOUT else self._known(target, headers)
        if found is None:
            return None
        body = json.dumps(asdict(found)).encode()
        return Answer(body, known=target != _ABOUT) if len(body) <= LARGEST_ANSWER else None

    def _known(self, target: str, headers: dict[str, str]) -> Any:
        """Find the record that a request with a token asks for, or None."""
        from runyard_server.core.tokens import verify

        path, _, query = target.partition("?")
        workspace = None if path == _WORKSPACES else path.removeprefix(f"{_WORKSPACES}/")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            verify(self._secret, token.strip(), workspace)
        except Unauthenticated:
            return None
        # Some milliseconds: without a wait it would be until all is loaded.
        self._told.wait()
        if workspace is None:
            return self._page(query)
        wanted = (record for record in self._workspaces if record.id == workspace)
        return next(wanted, None) if target == f"{_WORKSPACES}/{workspace}" else None

    def _page(self, query: str) -> "WorkspacePage | None":
        from runyard.protocol.workspaces import WorkspacePage, WorkspaceQuery

        pairs = parse_qsl(query, keep_blank_values=True)
        asked = dict(pairs)
        size = asked.pop("page_size", str(WorkspaceQuery().page_size))
        # Which of two values counts is for the service's own decoder to say.
        if len(dict(pairs)) != len(pairs) or not asked.keys() <= _CHOSEN or "" in asked.values():
            return None
        if not (size.isascii() and size.isdigit() and len(size) <= LARGEST_PAGE_DIGITS):
            return None
        items = [
            record
            for record in self._workspaces
            if all(getattr(record, name) == value for name, value in asked.items())
        ]
        # None at all may also mean that they are not known.
        return WorkspacePage(items) if self._workspaces and len(items) <= int(size) else None


def workspaces(home: Home) -> "list[WorkspaceRecord] | None":
    """Read which workspaces a state folder has; a new one gets the default workspace.

    Args:
        home: The state folder, claimed and inspected.

    Returns:
        Them, by name; None where only the loaded service can tell.
    """
    from runyard.protocol.workspaces import WorkspaceRecord
    from runyard_server.core.clock import iso
    from runyard_server.store import first_look

    rows = first_look.workspaces(home.database)
    if rows is None:
        return None
    if not rows:
        return [_default(home)]
    found = [WorkspaceRecord(**{**row, "created_at": iso(row["created_at"])}) for row in rows]
    default = _triple(_default(home))
    # A default workspace that is missing among others is made under an id that is free.
    return found if any(_triple(record) == default for record in found) else None


def _default(home: Home) -> "WorkspaceRecord":
    """The default workspace as `workspaces.ensure_default` makes it in a new database."""
    from runyard.protocol import workspaces as protocol
    from runyard_server.core.clock import iso

    return protocol.WorkspaceRecord(
        id=protocol.DEFAULT_WORKSPACE,
        name=protocol.DEFAULT_WORKSPACE,
        subscription_id=protocol.DEFAULT_SUBSCRIPTION,
        resource_group=protocol.DEFAULT_RESOURCE_GROUP,
        location=protocol.DEFAULT_LOCATION,
        created_at=iso(home.begun_us()),
        friendly_name=protocol.DEFAULT_WORKSPACE,
    )


def _triple(record: "WorkspaceRecord") -> tuple[str, str, str]:
    return record.name, record.subscription_id, record.resource_group


def _headers(lines: list[str]) -> dict[str, str] | None:
    """Read the headers of a request; None for what a parser might understand differently."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or name.lower() in headers:
            return None
        headers[name.lower()] = value.strip()
    return headers


def _is_local(headers: dict[str, str]) -> bool:
    """Whether a request names this machine; the gate judges other names."""
    return headers.get("host", "").lower().rpartition(":")[0].strip("[]") in LOOPBACK
