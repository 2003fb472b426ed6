"""Tokens of people: made, listed, made anew, revoked. What is kept of one is its hash."""

import secrets
from dataclasses import replace

from runyard.protocol.errors import AlreadyExists, Forbidden, InvalidRequest, NotFound
from runyard.protocol.suggestions import suggest
from runyard.protocol.tokens import (
    LONGEST_TOKEN_NAME,
    USER_TOKEN,
    CreateToken,
    NewToken,
    RotateToken,
    TokenPage,
    TokenQuery,
    TokenRecord,
)
from runyard_server.core import permissions
from runyard_server.core.clock import SECOND, iso, iso_or_none
from runyard_server.core.people import digest
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import people as rows
from runyard_server.store import studio_sessions
from runyard_server.store.people import TokenRow

_SECRET_BYTES = 32
_PREFIX = len(USER_TOKEN) + 6
_DAY = 24 * 3600 * SECOND
_LONGEST_DAYS = 36_500
_MOST = 1000


def list_(system: System, query: TokenQuery) -> TokenPage:
    """List tokens, never their secrets: one's own, or those of others for administrators.

    Args:
        system: The service's parts.
        query: Whose.

    Raises:
        Forbidden: They are another person's.
    """
    person = None if query.everyone else query.user or permissions.name(system)
    _check_own(system, person)
    found = system.read(lambda work: rows.tokens(work.connection, person))
    return TokenPage([_record(row) for row in found])


def create(system: System, body: CreateToken) -> NewToken:
    """Make a token; its secret is told this once.

    Args:
        system: The service's parts.
        body: What it is for, whose, and how long it is good.

    Raises:
        InvalidRequest: The name or the days make no sense.
        AlreadyExists: The person has one of that name.
        NotFound: There is nobody of that name.
        Forbidden: It would be another person's.
    """
    name = body.name.strip()
    if not name or len(name) > LONGEST_TOKEN_NAME or not name.isprintable():
        raise InvalidRequest(f"a token's name has 1 to {LONGEST_TOKEN_NAME} printable characters")
    person = body.user or permissions.name(system)
    _check_own(system, person)
    _check_days(body.days)
    secret = _secret()

    def write(work: Work) -> TokenRecord:
        system.people.keep_owner(work.connection, work.now)
        if rows.find(work.connection, person) is None:
            raise NotFound(f"there is no user {person[:80]!r}; `runyard users list` shows them")
        others = rows.tokens(work.connection, person)
        if any(row.name == name for row in others):
            raise AlreadyExists(
                f"{person} has a token {name!r} already; make it anew with `runyard tokens rotate`,"
                " or choose another name"
            )
        if len(others) >= _MOST:
            raise InvalidRequest(f"a person has {_MOST} tokens at most; revoke some")
        row = TokenRow(
            id=secrets.token_hex(5),
            person=person,
            name=name,
            prefix=secret[:_PREFIX],
            digest=digest(secret),
            created_at=work.now,
            ends_at=_end(work, body.days),
            used_at=0,
        )
        rows.add_token(work.connection, row)
        work.add_detail(f"{name} of {person}")
        return work.answered(_record(row))

    made = system.write(write)
    system.people.forget()
    return NewToken(secret, made)


def rotate(system: System, token: str, body: RotateToken) -> NewToken:
    """Make a token anew under its name; what the old secret has opened is shut from the answer on.

    Args:
        system: The service's parts.
        token: Its id.
        body: How long the new one is good.

    Raises:
        NotFound: There is none of that id.
        InvalidRequest: The days make no sense.
    """
    _check_days(body.days)
    secret = _secret()

    def write(work: Work) -> tuple[TokenRow, list[str]]:
        row = _own(system, work, token)
        made = replace(
            row,
            prefix=secret[:_PREFIX],
            digest=digest(secret),
            created_at=work.now,
            ends_at=_end(work, body.days),
            used_at=0,
        )
        rows.remove_token(work.connection, token)
        rows.add_token(work.connection, made)
        work.add_detail(f"{row.name} of {row.person}")
        return made, studio_sessions.remove_of_token(work.connection, row.digest)

    row, ended = system.write(write)
    system.people.forget()
    system.sessions.forget(ended)
    return NewToken(secret, _record(row))


def revoke(system: System, token: str) -> None:
    """Revoke a token: from the answer on it opens nothing, nor does a browser that it signed in.

    Args:
        system: The service's parts.
        token: Its id.

    Raises:
        NotFound: There is none of that id.
    """

    def write(work: Work) -> list[str]:
        row = _own(system, work, token)
        rows.remove_token(work.connection, token)
        work.add_detail(f"{row.name} of {row.person}")
        return studio_sessions.remove_of_token(work.connection, row.digest)

    ended = system.write(write)
    system.people.forget()
    system.sessions.forget(ended)


def _own(system: System, work: Work, token: str) -> TokenRow:
    """The row of a token that who asks may change; others' are as good as none.

    Raises:
        NotFound: There is none.
    """
    row = rows.token(work.connection, token)
    mine = None if permissions.administers(system) else work.person
    if row is None or mine not in (None, row.person):
        known = [one.id for one in rows.tokens(work.connection, mine)]
        near = suggest(token, known, "there is none")
        raise NotFound(f"there is no token {token[:80]!r}; {near.sentence}")
    return row


def _check_own(system: System, person: str | None) -> None:
    if person != permissions.name(system) and not permissions.administers(system):
        raise Forbidden("tokens of others are for administrators; yours: runyard tokens list")


def _check_days(days: int) -> None:
    if not 0 <= days <= _LONGEST_DAYS:
        raise InvalidRequest(f"a token is good for 1 to {_LONGEST_DAYS} days, or 0 for ever")


def _end(work: Work, days: int) -> int:
    return work.now + days * _DAY if days else 0


def _secret() -> str:
    return USER_TOKEN + secrets.token_urlsafe(_SECRET_BYTES)


def _record(row: TokenRow) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        user=row.person,
        name=row.name,
        prefix=row.prefix,
        created_at=iso(row.created_at),
        ends_at=iso_or_none(row.ends_at or None),
        used_at=iso_or_none(row.used_at or None),
    )
