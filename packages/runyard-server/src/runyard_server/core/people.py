"""The people of a service: whose a token is, and which roles they have.

All of it is read once, when somebody is met who does not hold the service's own token, and again
after each change; a team is small. So a request costs a look into a dictionary, and a service
without a team nothing at all. Where several processes serve one database, each reads it again every
few seconds: `AGAIN_SECONDS` is how long a token that another one revoked may still open something.
"""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from runyard.protocol.errors import Unauthenticated
from runyard.protocol.route import ADMINISTRATOR
from runyard.protocol.tokens import USER_TOKEN
from runyard_server.core.tokens import Caller
from runyard_server.store import people as rows
from runyard_server.store.home import system_user
from runyard_server.store.people import PersonRow, TokenRow
from runyard_server.store.records import Connection, Records

AGAIN_SECONDS = 5.0
USED_US = 600 * 1_000_000


@dataclass(frozen=True)
class Person:
    """A person with what they may do: roles everywhere and by workspace."""

    name: str
    role: str
    is_owner: bool
    roles: Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """Everybody, at one moment.

    Args:
        people: People by name.
        tokens: Tokens by the hash of their secret.
        former: When people were removed, by name, in microseconds since 1970.
    """

    people: Mapping[str, Person]
    tokens: Mapping[str, TokenRow]
    former: Mapping[str, int]

    @property
    def is_alone(self) -> bool:
        """Whether there is and was nobody but the owner."""
        return len(self.people) == 1 and not self.former


class People:
    """Everybody whom a service knows, in memory; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._read_at = 0.0
        self._owner: str | None = None
        self._used: dict[str, int] = {}

    def known(self, records: Records) -> Known:
        """Everybody; the first question of a service's life reads four small tables."""
        known = self._known
        if known is None or time.monotonic() - self._read_at > AGAIN_SECONDS:
            with self._lock:
                # The time is that of before: what changes while it is read is read once more.
                self._read_at = time.monotonic()
                known = self._known = records.read(_read)
        return known

    def forget(self) -> None:
        """Read everybody again when somebody asks next: somebody was changed."""
        with self._lock:
            self._known = None

    def owner(self, connection: Connection) -> str:
        """The name of whose service it is.

        It is asked of the system once in the life of a state folder, and kept by the first change
        that is written, so that a folder that moves elsewhere keeps its people.

        Args:
            connection: A transaction's connection.
        """
        if self._owner is None:
            row = rows.owner(connection)
            if row is None:
                return system_user()
            self._owner = row.name
        return self._owner

    def keep_owner(self, connection: Connection, now: int) -> str:
        """The name of whose service it is, written down if it is not yet; in the writer's thread.

        Args:
            connection: The write's connection.
            now: Microseconds since 1970.
        """
        if self._owner is None and rows.owner(connection) is None:
            rows.add(
                connection, PersonRow(system_user(), ADMINISTRATOR, is_owner=True, created_at=now)
            )
            # Not remembered before it is on disk: this write may fail yet.
            return system_user()
        return self.owner(connection)

    def is_due(self, token: str, now: int) -> bool:
        """Whether the use of a token is to be written down again.

        Args:
            token: Its id.
            now: Microseconds since 1970.
        """
        if now - self._used.get(token, 0) < USED_US:
            return False
        self._used[token] = now
        return True


def holder(people: People, records: Records, token: str, now: int) -> Caller:
    """Whose a person's token is.

    Args:
        people: Everybody.
        records: The database.
        token: What was shown.
        now: Microseconds since 1970.

    Raises:
        Unauthenticated: It is nobody's, or not any more.
    """
    shown = digest(token)
    row = people.known(records).tokens.get(shown)
    if row is None:
        raise Unauthenticated(
            "the token is none of this service, or was revoked; ask its administrator for one, or "
            "make one where you are known: runyard tokens create"
        )
    if has_ended(row, now):
        raise Unauthenticated(
            f"the token {row.name!r} of {row.person} has ended; where another one is known: "
            f"runyard tokens rotate {row.id}"
        )
    return Caller(person=row.person, token=row.id, digest=shown)


def has_ended(row: TokenRow, now: int) -> bool:
    """Whether a token counts no more.

    Args:
        row: The token.
        now: Microseconds since 1970.
    """
    return 0 < row.ends_at <= now


def is_personal(token: str) -> bool:
    """Whether a token is of those that people make."""
    return token.startswith(USER_TOKEN)


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read(connection: Connection) -> Known:
    people = rows.everybody(connection)
    roles: dict[str, dict[str, str]] = {row.name: {} for row in people}
    for one in rows.all_roles(connection):
        roles.setdefault(one.person, {})[one.workspace] = one.role
    if not any(row.is_owner for row in people):
        people = [*people, PersonRow(system_user(), ADMINISTRATOR, is_owner=True, created_at=0)]
    tokens = rows.tokens(connection)
    return Known(
        {
            row.name: Person(row.name, row.role, row.is_owner, roles.get(row.name, {}))
            for row in people
        },
        {row.digest: row for row in tokens},
        rows.removed(connection),
    )
