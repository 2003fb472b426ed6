"""Who asks, and may they: what every face calls, whatever its protocol looks like.

    identified(exchange, token, workspace)  who asks: by a token, or by the cookie of a browser
    admit(exchange, needs, workspace)       refuses who may not; gives the parts to work with
    still(exchange, needs, workspace)       whether that holds yet, for answers that go on

A face finds the token where its protocol has it, and knows from its own table which role a row
needs. Operations are given the parts that `admit` gives: they know who asks, and the audit log is
told of what is changed by them.
"""

from collections.abc import Mapping

from runyard.protocol.errors import Forbidden, RunyardError, Unauthenticated, WorkspaceNotFound
from runyard.protocol.route import ALWAYS
from runyard_server.core import people, permissions, tokens
from runyard_server.core.actors import Actor, Change
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.faces import cookies
from runyard_server.faces.exchange import Exchange
from runyard_server.store import people as people_rows
from runyard_server.store import trashed
from runyard_server.store.audit import AuditRow

_OUTSIDE = "workspace"


def identified(exchange: Exchange, token: str, workspace: str | None) -> Caller | None:
    """Find out who asks.

    Args:
        exchange: The request.
        token: The token that came, "" for none: then a cookie counts.
        workspace: The workspace that it is about; a run's token is for its own alone.

    Returns:
        Who asks; None where neither a token nor a cookie came.

    Raises:
        Unauthenticated: This service has given no such token, or it counts no more.
    """
    if not token:
        return cookies.caller(exchange)
    system = exchange.parts.system
    if people.is_personal(token):
        # The first one in a service's life reads three small tables, in the loop.
        return people.holder(system.people, system.records, token, system.clock.now_us())
    return tokens.verify(system.secret, token, workspace)


def check(exchange: Exchange, caller: Caller, needs: str, workspace: str | None) -> None:
    """Refuse a person whose role is too small; it never blocks.

    Args:
        exchange: The request.
        caller: Who asks.
        needs: The least role that is enough.
        workspace: The workspace that it is about.

    Raises:
        Unauthenticated: The token or the person is not known any more.
        Forbidden: The role is too small.
        WorkspaceNotFound: It is the trash of one, which is no place to be asked for.
    """
    permissions.check(exchange.parts.system, caller, needs, workspace, exchange.row.name)
    if workspace is not None and trashed.is_trash(workspace):
        raise WorkspaceNotFound(
            f"there is no workspace {workspace[:80]!r} here; `runyard workspaces list` shows those "
            "there are, and `runyard trash list` what was deleted"
        )


def admit(
    exchange: Exchange,
    needs: str,
    workspace: str | None,
    *,
    audited: str = "",
    about: str = "",
    system: System | None = None,
) -> System:
    """Refuse who may not ask this; give the parts that operations get. In a thread.

    Args:
        exchange: The request; its caller is known.
        needs: The least role that is enough.
        workspace: The workspace that it is about.
        audited: What the audit log has of it: see `Route.audited`.
        about: What it is about, for the audit log.
        system: The parts, where it is not those of the exchange.

    Raises:
        Unauthenticated: The token or the person is not known any more.
        Forbidden: The role is too small.
        WorkspaceNotFound: It is the trash of one.
    """
    system, caller = system or exchange.parts.system, exchange.caller
    if caller is None:
        return system
    check(exchange, caller, needs, workspace)
    _note_use(system, caller)
    change = None
    if audited:
        change = Change(exchange.row.name, workspace or "", about, address(exchange))
    return system.acting(Actor(caller, change))


def finish(system: System, audited: str) -> None:
    """Have the audit log told of a change that is in no transaction, being elsewhere; in a thread.

    Args:
        system: What `admit` gave.
        audited: What the audit log has of it.
    """
    actor = system.actor
    change = None if actor is None else actor.change
    if audited == ALWAYS and change is not None and not change.noted:
        # An empty one: its unit of work tells of the request as any other does.
        system.write(lambda _: None)


def still(exchange: Exchange, needs: str, workspace: str | None) -> bool:
    """Whether what an answer goes on for is good: sessions end, tokens are revoked.

    Args:
        exchange: The request; its caller is known.
        needs: The least role that is enough.
        workspace: The workspace that it is about.
    """
    try:
        if not exchange.header("authorization"):
            cookies.caller(exchange)
        if exchange.caller is not None:
            check(exchange, exchange.caller, needs, workspace)
    except RunyardError:
        return False
    return True


def object_of(segments: Mapping[str, str]) -> str:
    """What an address names below its workspace, for the audit log."""
    return "/".join(value for name, value in segments.items() if name != _OUTSIDE)


def address(exchange: Exchange) -> str:
    """Where a request came from."""
    client = exchange.request.client
    return client.host if client is not None else ""


def note_refusal(exchange: Exchange, error: RunyardError) -> None:
    """Have the audit log told that somebody was refused; at once, without writing."""
    if not isinstance(error, (Unauthenticated, Forbidden)):
        return
    system, caller = exchange.parts.system, exchange.caller
    row = AuditRow(
        system.clock.now_us(),
        (caller.person or "") if caller is not None else "",
        caller.via if caller is not None else "",
        address(exchange),
        exchange.row.name,
        exchange.segments.get(_OUTSIDE, ""),
        object_of(exchange.segments),
        error.code,
        error.message,
    )
    system.refusals.add(row)


def _note_use(system: System, caller: Caller) -> None:
    """Write down that a token is in use, now and then."""
    token, now = caller.token, system.clock.now_us()
    # Who follows must not write, and what it hands over the leader notes.
    if token is not None and system.leading.here and system.people.is_due(token, now):
        system.write(lambda work: people_rows.change_token(work.connection, token, used_at=now))
