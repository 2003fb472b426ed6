"""What people may do: the one place where a role is compared with what a row of a table needs.

A row says which role it needs at least (`Route.needs`); every face asks `check` before it answers,
and again where an answer goes on. Runs and sites have no roles: `core.rights` and the scopes of
the rows say how far their tokens reach.
"""

from collections.abc import Collection

from runyard.protocol.errors import Forbidden, Unauthenticated
from runyard.protocol.route import ADMINISTRATOR, OWNER, PERSON, ROLES
from runyard_server.core.people import Person, has_ended
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller

_LEVELS = {"": 0, PERSON: 0, **{role: level for level, role in enumerate(ROLES, 1)}}


def check(system: System, caller: Caller, needs: str, workspace: str | None, what: str) -> None:
    """Refuse a person whose role is too small.

    Args:
        system: The service's parts.
        caller: Who asks.
        needs: The least role that is enough; "" for none.
        workspace: The workspace that it is about; None outside of any.
        what: What is asked for, for the message.

    Raises:
        Unauthenticated: The token or the person is not known any more.
        Forbidden: The role is too small.
    """
    if not needs or caller.holds_secret or not caller.is_user:
        return
    person = known(system, caller)
    if not has(person, workspace, needs):
        raise _refusal(person, role_in(person, workspace), needs, workspace, what)


def known(system: System, caller: Caller) -> Person:
    """The person who asks.

    Args:
        system: The service's parts.
        caller: Who asks; a person.

    Raises:
        Unauthenticated: The token was revoked or has ended, or the person was removed.
    """
    everybody = system.people.known(system.records)
    person = everybody.people.get(_name(system, caller))
    stands = caller.token is None
    if caller.digest is not None:
        row = everybody.tokens.get(caller.digest)
        stands = row is not None and not has_ended(row, system.clock.now_us())
    if person is None or not stands:
        raise Unauthenticated(
            f"{caller.person} is not known here any more, or the token was revoked or has ended"
        )
    return person


def has(person: Person, workspace: str | None, needs: str) -> bool:
    """Whether a person's role is enough.

    Args:
        person: The person.
        workspace: Id of the workspace; None for what is outside of any.
        needs: The least role that is.
    """
    return _LEVELS[role_in(person, workspace)] >= _LEVELS[needs]


def role_in(person: Person, workspace: str | None) -> str:
    """The role that counts: that in the workspace or the one everywhere, whichever is higher.

    Args:
        person: The person.
        workspace: Id of the workspace; None for what is outside of any.
    """
    here = person.roles.get(workspace, "") if workspace is not None else ""
    return max(here, person.role, key=_LEVELS.__getitem__)


def visible(system: System) -> Collection[str] | None:
    """The workspaces in which who asks has a role; None for all.

    Raises:
        Unauthenticated: The person is not known any more.
    """
    caller = asker(system)
    if caller.holds_secret:
        return None
    person = known(system, caller)
    return None if person.role else set(person.roles)


def administers(system: System) -> bool:
    """Whether who asks is an administrator."""
    caller = asker(system)
    return caller.holds_secret or known(system, caller).role == ADMINISTRATOR


def asker(system: System) -> Caller:
    """Who asks: of a request its caller, of what the service itself does its owner."""
    return Caller() if system.actor is None else system.actor.caller


def name(system: System) -> str:
    """The name of the person who asks."""
    return _name(system, asker(system))


def _name(system: System, caller: Caller) -> str:
    if caller.person is not None:
        return caller.person
    return system.read(lambda work: system.people.owner(work.connection))


def _refusal(person: Person, role: str, needs: str, workspace: str | None, what: str) -> Forbidden:
    who = f"{person.name} is {role}" if role else f"{person.name} has no role"
    if workspace is None:
        return Forbidden(
            f"{who} of this service, and {what} needs {needs}; an administrator can change that: "
            f"runyard users role {person.name} {needs}",
            {"needs": needs},
        )
    # The same for a workspace that is not there: who has no role learns nothing of it.
    given = OWNER if needs == ADMINISTRATOR else needs
    return Forbidden(
        f"{who} in workspace {workspace!r}, and {what} needs {needs}; "
        + (
            "only administrators have it"
            if given != needs
            else f"its owner can change that: runyard users role {person.name} {needs} "
            f"--workspace {workspace}"
        ),
        {"needs": needs},
    )
