"""Signing browsers in and out."""

from dataclasses import replace
from urllib.parse import urlsplit

from runyard.protocol.errors import NotFound, Unauthenticated
from runyard.protocol.studio import StudioCode, StudioSession, StudioSessions
from runyard_server.core import people, permissions, tokens
from runyard_server.core import sessions as tickets
from runyard_server.core.actors import Actor
from runyard_server.core.clock import iso
from runyard_server.core.sessions import (
    CODE_SECONDS,
    LOOPBACK_SECONDS,
    SERVER_SECONDS,
    Living,
    Ticket,
    local_name,
    signed_out,
)
from runyard_server.core.settings import LOOPBACK
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.store import studio_sessions
from runyard_server.store.studio_sessions import SessionRow

_SECOND_US = 1_000_000
_LONGEST_CLIENT = 200


def codes(system: System) -> StudioCode:
    """Make a code that signs a browser in, once."""
    caller = permissions.asker(system)
    # A browser may make one for another: that is of the same token.
    token = caller.digest or ""
    code = system.sessions.code(system.clock.now_us(), permissions.name(system), token)
    return StudioCode(code, CODE_SECONDS, address(system))


def address(system: System) -> str:
    """Where browsers of this machine find the studio."""
    url = system.url()
    if system.settings.host not in LOOPBACK:
        return url
    return f"http://{local_name(system.secret)}:{urlsplit(url).port}"


def enter(system: System, *, code: str = "", token: str = "", client: str = "") -> tuple[str, int]:
    """Sign a browser in, by a code or by a person's token.

    Args:
        system: The service's parts.
        code: A code of `codes`; it is used up.
        token: A person's token, in place of a code.
        client: What the browser calls itself.

    Returns:
        The cookie's value, and the seconds that it is good.

    Raises:
        Unauthenticated: The code was used, is too old, or was never given; the token is wrong.
    """
    now = system.clock.now_us()
    if code:
        spent = system.sessions.spend(code, now)
        if spent is None:
            raise Unauthenticated(
                "This link was used already or is too old. Print a new one: runyard studio"
            )
        person, digest = spent
        # Whoever was removed meanwhile leaves no session to the next one of that name.
        permissions.known(system, Caller(person=person, digest=digest or None))
    else:
        person, digest = _holder(system, token, now)
    seconds = _seconds(system)
    ends_at = now + seconds * _SECOND_US
    value, session = tickets.issue(system.secret, person, ends_at)
    row = SessionRow(session, person, digest, client[:_LONGEST_CLIENT], now, now, ends_at)
    system.write(lambda work: studio_sessions.add(work.connection, row))
    system.sessions.note(session, ends_at, digest)
    return value, seconds


def check(system: System, value: str) -> Ticket:
    """What a browser's cookie says, if it is good.

    Args:
        system: The service's parts.
        value: The cookie's value.

    Raises:
        Unauthenticated: It is not one of this service, has ended, or was revoked, or the token was
            that has signed the browser in.
    """
    now = system.clock.now_us()
    ticket = tickets.read(system.secret, value, now)

    def load() -> dict[str, Living]:
        rows = system.read(lambda work: studio_sessions.living(work.connection, now))
        return {row.id: Living(row.ends_at, row.token) for row in rows}

    found = system.sessions.find(ticket.session, now, load)
    if found is None:
        raise signed_out()
    # Not the row alone: a token also ends by itself, and another process may have revoked it.
    permissions.known(system, Caller(person=ticket.person, digest=found.token or None))
    return replace(ticket, token=found.token)


def renew(system: System, value: str) -> tuple[str, int]:
    """Make a session go on: a browser that is in use is not signed out.

    Args:
        system: The service's parts.
        value: The cookie's value; good.

    Returns:
        The new value, and the seconds that it is good.

    Raises:
        Unauthenticated: It was revoked meanwhile.
    """
    ticket = check(system, value)
    now, seconds = system.clock.now_us(), _seconds(system)
    ends_at = now + seconds * _SECOND_US
    new, session = tickets.issue(system.secret, ticket.person, ends_at, tickets.nonce_of(value))
    if not system.write(lambda work: studio_sessions.renew(work.connection, session, now, ends_at)):
        raise signed_out()
    system.sessions.note(session, ends_at, ticket.token)
    return new, seconds


def sessions(system: System) -> StudioSessions:
    """The browsers that are signed in, the last used first: one's own, to administrators all."""
    return StudioSessions([_session(row) for row in _shown(system)])


def leave(system: System, session: str) -> None:
    """Sign a browser out.

    Args:
        system: The service's parts.
        session: Id of the session.

    Raises:
        NotFound: There is none, or it is another person's.
    """
    if system.actor is not None and session not in {row.id for row in _shown(system)}:
        raise _no_session(session)
    found = system.write(lambda work: studio_sessions.remove(work.connection, session))
    # First the row, then what is remembered: in between a request may still pass, and none after.
    system.sessions.forget([session])
    if not found:
        raise _no_session(session)


def _shown(system: System) -> list[SessionRow]:
    now = system.clock.now_us()
    rows = system.read(lambda work: studio_sessions.living(work.connection, now))
    own = None if permissions.administers(system) else permissions.name(system)
    return [row for row in rows if own in (None, row.person)]


def _no_session(session: str) -> NotFound:
    return NotFound(f"no browser is signed in as {session[:80]!r}; runyard studio --list")


def _holder(system: System, token: str, now: int) -> tuple[str, str]:
    """The person whose token signs a browser in, and the token's hash, "" for the service's."""
    if people.is_personal(token):
        caller = people.holder(system.people, system.records, token, now)
    else:
        caller = tokens.verify(system.secret, token, None)
    if not caller.is_user:
        raise Unauthenticated("a run's token signs nobody in")
    return permissions.name(system.acting(Actor(caller))), caller.digest or ""


def _seconds(system: System) -> int:
    return LOOPBACK_SECONDS if system.settings.host in LOOPBACK else SERVER_SECONDS


def _session(row: SessionRow) -> StudioSession:
    times = [iso(row.made_at), iso(row.used_at), iso(row.ends_at)]
    return StudioSession(row.id, row.person, row.client, *times)
